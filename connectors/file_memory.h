/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILE_MEMORY_H
#define FILE_MEMORY_H

#include <stdlib.h>
#include <string.h>

/* Memory running out ends the process: any crash is safe, and no length from outside is asked for unchecked. */
static inline void *
file_need(void *old, size_t size)
{
    void *memory = realloc(old, size > 0 ? size : 1);

    if (memory == NULL)
        abort();
    return memory;
}

static inline char *
file_text(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(file_need(NULL, size), text, size);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener http|smtp FOLDER: a server on a free port of the loopback for tests. Its port is in FOLDER/0.port once it listens. What it was
 * told lies in FOLDER/N.head and N.body, from 1. How it answers stands in FOLDER/answers, a line each, taken one after the other: a status
 * (then header lines and a body after "|"), `drop` (takes it and closes without a word) or `hang` (never answers); 200 when there is none.
 * It ends when it is killed.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static int told;
static FILE *answers;
static bool smtp;

struct peer {
    int fd;
    char buffer[65536];
    size_t have, at;
};

static void
save(int number, const char *what, const char *bytes, size_t size)
{
    char path[4096], aside[4200];
    FILE *file;

    snprintf(path, sizeof path, "%s/%d.%s", folder, number, what);
    snprintf(aside, sizeof aside, "%s.part", path);
    file = fopen(aside, "w");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0 || rename(aside, path) != 0)
        _exit(2);
}

static int
byte(struct peer *peer)
{
    if (peer->at == peer->have) {
        ssize_t got = recv(peer->fd, peer->buffer, sizeof peer->buffer, 0);

        if (got <= 0)
            return -1;
        peer->have = (size_t)got;
        peer->at = 0;
    }
    return (unsigned char)peer->buffer[peer->at++];
}

static bool
line(struct peer *peer, char *to, size_t room)
{
    size_t used = 0;
    int c;

    while ((c = byte(peer)) != '\n') {
        if (c < 0)
            return false;
        if (used + 1 < room)
            to[used++] = (char)c;
    }
    if (used > 0 && to[used - 1] == '\r')
        used--;
    to[used] = '\0';
    return true;
}

static bool
say(struct peer *peer, const char *text)
{
    size_t size = strlen(text);

    return send(peer->fd, text, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* The next answer of the list; its number is that of what was told. */
static int
next_answer(char *to, size_t room)
{
    int number;

    pthread_mutex_lock(&lock);
    number = ++told;
    to[0] = '\0';
    if (answers == NULL) {
        char path[4096];

        snprintf(path, sizeof path, "%s/answers", folder);
        answers = fopen(path, "r");
    }
    if (answers != NULL && fgets(to, (int)room, answers) == NULL) {
        to[0] = '\0';
        clearerr(answers); /* more may be written to it */
    }
    to[strcspn(to, "\n")] = '\0';
    pthread_mutex_unlock(&lock);
    return number;
}

static bool
http(struct peer *peer)
{
    char text[8192], head[65536], answer[4096], out[9000];
    size_t size = 0, used = 0;
    char *body, *bar, *rest;
    int number;

    while (line(peer, text, sizeof text) && text[0] != '\0') {
        if (strncasecmp(text, "content-length:", 15) == 0)
            size = strtoul(text + 15, NULL, 10);
        if (used + strlen(text) + 2 < sizeof head)
            used += (size_t)snprintf(head + used, sizeof head - used, "%s\n", text);
    }
    if (used == 0)
        return false;
    body = malloc(size + 1);
    for (size_t i = 0; i < size; i++) {
        int c = byte(peer);

        if (c < 0 || body == NULL) {
            free(body);
            return false;
        }
        body[i] = (char)c;
    }
    number = next_answer(answer, sizeof answer);
    save(number, "head", head, used);
    save(number, "body", body, size);
    free(body);
    if (strcmp(answer, "drop") == 0)
        return false;
    if (strcmp(answer, "hang") == 0)
        for (;;)
            pause();
    if (answer[0] == '\0')
        snprintf(answer, sizeof answer, "200");
    bar = strchr(answer, '|');
    if (bar != NULL)
        *bar++ = '\0';
    rest = answer + strspn(answer, "0123456789");
    if (*rest != '\0')
        *rest++ = '\0';
    snprintf(out, sizeof out, "HTTP/1.1 %s Said\r\n%s%sContent-Length: %zu\r\n\r\n%s", answer, rest, *rest == '\0' ? "" : "\r\n",
             bar == NULL ? 0 : strlen(bar), bar == NULL ? "" : bar);
    return say(peer, out);
}

static bool
mail(struct peer *peer)
{
    char text[8192], head[8192], answer[4096];
    size_t used = 0, size = 0, room = 1 << 20;
    char *body = malloc(room);
    int number;

    if (body == NULL || !say(peer, "220 listener\r\n"))
        goto done;
    while (line(peer, text, sizeof text)) {
        if (used + strlen(text) + 2 < sizeof head)
            used += (size_t)snprintf(head + used, sizeof head - used, "%s\n", text);
        if (strncasecmp(text, "quit", 4) == 0) {
            say(peer, "221 bye\r\n");
            break;
        }
        if (strncasecmp(text, "data", 4) != 0) {
            if (!say(peer, "250 ok\r\n"))
                break;
            continue;
        }
        say(peer, "354 go on\r\n");
        while (line(peer, text, sizeof text) && strcmp(text, ".") != 0)
            if (size + strlen(text) + 2 < room)
                size += (size_t)snprintf(body + size, room - size, "%s\n", text[0] == '.' ? text + 1 : text);
        number = next_answer(answer, sizeof answer);
        save(number, "head", head, used);
        save(number, "body", body, size);
        say(peer, answer[0] == '\0' ? "250 taken\r\n" : "451 not now\r\n");
        size = used = 0;
    }
done:
    free(body);
    return false;
}

static void *
serve(void *context)
{
    struct peer *peer = context;

    while (smtp ? mail(peer) : http(peer))
        ;
    close(peer->fd);
    free(peer);
    return NULL;
}

int
main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char port[32];
    int fd;

    if (argc != 3 || (strcmp(argv[1], "http") != 0 && strcmp(argv[1], "smtp") != 0))
        return 64;
    smtp = argv[1][0] == 's';
    folder = argv[2];
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 69;
    snprintf(port, sizeof port, "%d\n", ntohs(address.sin_port));
    save(0, "port", port, strlen(port));
    for (;;) {
        struct peer *peer = calloc(1, sizeof *peer);
        pthread_t thread;

        if (peer == NULL)
            return 70;
        peer->fd = accept(fd, NULL, NULL);
        if (peer->fd < 0 || pthread_create(&thread, NULL, serve, peer) != 0)
            return 69;
        pthread_detach(thread);
    }
}

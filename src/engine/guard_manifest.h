/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_GUARD_MANIFEST_H
#define ENGINE_GUARD_MANIFEST_H

#include "engine/pipeline.h"

/**
 * guard_manifest_judge(p, input, verdict, fault): what was read of the input against what its manifests say, where the pipeline file asks for
 * that; the input was read to its end. RETRY when what stands beside it cannot be read now.
 */
int guard_manifest_judge(struct pipeline *p, const struct daybreak_input *input, struct guard_verdict *verdict, struct daybreak_fault *fault);

/** guard_manifest_awaited(p, input, awaited, fault): a manifest beside the input is not there yet, or not whole, and it is too early to hold the
 * input for that. */
int guard_manifest_awaited(struct pipeline *p, const struct daybreak_input *input, bool *awaited, struct daybreak_fault *fault);

#endif

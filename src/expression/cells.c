/* SPDX-License-Identifier: Apache-2.0 */
/* Under the evaluator: the null marks that constants and columns without nulls share. */
#include "cells.h"

const uint8_t cells_none[CELLS_MAX];
const uint8_t cells_null[1] = {1};

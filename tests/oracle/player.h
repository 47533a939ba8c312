/* SPDX-License-Identifier: MIT */
/* Plays a scenario (script.h) with the library. */
#ifndef ORACLE_PLAYER_H
#define ORACLE_PLAYER_H

#include "script.h"

/*
 * Writes the transcript. A step that takes longer than `seconds` gives HANGS; so does a thread that does not
 * end. Then the answer is false, and the process should end, since threads that hang cannot be taken back.
 * With `lies` it says OK when a Lock was not held: whoever compares must find that.
 */
bool player_play(const scenario_t *scenario, FILE *transcript, double seconds, bool lies);

#endif

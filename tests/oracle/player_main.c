/* SPDX-License-Identifier: MIT */
/* Plays scripts: `oracle-player [LIMIT [lie]] < SCRIPTS > TRANSCRIPTS`. No step may take longer than LIMIT
 * seconds, 20 if not given; then the program ends with code 3. */
#include <stdlib.h>
#include <string.h>

#include "player.h"

int main(int count, char **arguments)
{
    static scenario_t scenario;
    double limit = count > 1 ? strtod(arguments[1], NULL) : 20;
    bool lies = count > 2 && strcmp(arguments[2], "lie") == 0;
    while (scenario_read(stdin, &scenario))
        if (!player_play(&scenario, stdout, limit, lies))
            _Exit(3);
    return 0;
}

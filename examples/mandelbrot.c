/* SPDX-License-Identifier: MIT */
/*
 * A picture whose rows are computed on all cores, and how much faster that is than on one.
 *
 * The rows take times that differ: those through the middle of the set hundreds of times as long as those at
 * its edge. threading_executor_for() hands out pieces that get smaller, so that no core is left with the
 * dear rows at the end. Each row is written by one thread only, and the call returns when all are there: no
 * lock is needed.
 */
#include "example.h"

enum { WIDTH = 72, HEIGHT = 24, DETAIL = 40 }; /* DETAIL x DETAIL points for each character */

struct picture {
    int depth; /* steps until a point counts as inside */
    char rows[HEIGHT][WIDTH + 1];
};

/* How many steps a point takes to leave. */
static int steps_of(double x, double y, int depth)
{
    double a = 0, b = 0;
    int steps = 0;
    while (steps < depth && a * a + b * b < 4) {
        double next = a * a - b * b + x;
        b = 2 * a * b + y;
        a = next;
        steps++;
    }
    return steps;
}

static char character_of(const struct picture *picture, size_t row, size_t column)
{
    static const char shades[] = " .:-=+*%#";
    const double detail = DETAIL;
    int sum = 0;
    for (int i = 0; i < DETAIL * DETAIL; i++) {
        double x = -2.1 + 3.0 * ((double)column + (double)(i % DETAIL) / detail) / (double)WIDTH;
        double y = -1.2 + 2.4 * ((double)row + (double)i / detail / detail) / (double)HEIGHT;
        sum += steps_of(x, y, picture->depth) == picture->depth;
    }
    return shades[sum * 8 / (DETAIL * DETAIL)];
}

static void compute_rows(size_t begin, size_t end, void *arg)
{
    struct picture *picture = arg;
    for (size_t row = begin; row < end; row++)
        for (size_t column = 0; column < WIDTH; column++)
            picture->rows[row][column] = character_of(picture, row, column);
}

int main(void)
{
    static struct picture alone = {.depth = 150}, together = {.depth = 150};
    threading_executor_t *pool = threading_executor_new(0, NULL);
    double begin = threading_monotonic();
    compute_rows(0, HEIGHT, &alone);
    double middle = threading_monotonic();
    THREADING_MUST(threading_executor_for(pool, 0, HEIGHT, 0, compute_rows, &together));
    double end = threading_monotonic();
    THREADING_MUST(threading_executor_shutdown(pool, true, false));
    threading_executor_free(pool);
    for (size_t row = 0; row < HEIGHT; row++)
        printf("%s\n", together.rows[row]);
    printf("%s\n", memcmp(&alone, &together, sizeof alone) == 0 ? "the same as on one core" : "not the same");
    printf("%.1f times as fast\n", (middle - begin) / (end - middle));
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Two timers: one calls its function when its time is over, one is cancelled before.
 *
 *     tea = threading.Timer(3, remind, args=('the tea is ready',))
 *     tea.start()
 *     alarm = threading.Timer(8 * 3600, remind, args=('good morning',))
 *     alarm.start()
 *     alarm.cancel()
 *
 * Look at the joins: a timer is a Thread, and a cancelled one ends at once, so nobody waits for the morning.
 */
#include "example.h"

static void remind(void *text)
{
    printf("%s\n", (const char *)text);
}

int main(int argc, char **argv)
{
    static char ready[] = "the tea is ready", morning[] = "good morning: never printed";
    example_begin(argc, argv);
    threading_thread_t *tea = threading_timer_new(3 * example_factor, remind, ready);
    threading_thread_t *alarm = threading_timer_new(8 * 3600, remind, morning);
    printf("the tea takes three seconds\n");
    THREADING_MUST(threading_thread_start(tea));
    THREADING_MUST(threading_thread_start(alarm));
    THREADING_MUST(threading_thread_join(tea)); /* until it has fired and is done */

    printf("before the alarm is cancelled it is %s\n", threading_thread_is_alive(alarm) ? "waiting" : "over");
    THREADING_MUST(threading_timer_cancel(alarm));
    THREADING_MUST(threading_thread_join(alarm));
    printf("then it is %s\n", threading_thread_is_alive(alarm) ? "waiting" : "over");
    threading_thread_free(tea);
    threading_thread_free(alarm);
    return 0;
}

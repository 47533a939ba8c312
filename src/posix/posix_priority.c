/* SPDX-License-Identifier: MIT */
/* Priorities: nice values on Linux, classes of quality of service on macOS, none elsewhere. */
#include "posix_system.h"

#if defined(__linux__)

#include <sys/resource.h>

/* Each thread has a value of its own there, and 0 is the calling one. */
static const int ti_linux_nice[] = {19, 10, 0, -10, -20};

/* A value that is lower than the thread's takes privileges (EACCES, EPERM), and a sandbox may refuse all. */
bool ti_port_set_priority(int priority)
{
    ti_port_errors errors = ti_port_errors_keep();
    bool is_set = setpriority(PRIO_PROCESS, 0, ti_linux_nice[priority - THREADING_PRIORITY_LOWEST]) == 0;
    ti_port_errors_restore(errors);
    return is_set;
}

static int ti_linux_distance(int nice, int priority)
{
    int distance = nice - ti_linux_nice[priority - THREADING_PRIORITY_LOWEST];
    return distance < 0 ? -distance : distance;
}

/* -1 is a value, and also what a sandbox that refuses leaves: that is NORMAL too. */
int ti_port_get_priority(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    int nice = getpriority(PRIO_PROCESS, 0);
    ti_port_errors_restore(errors);
    int nearest = THREADING_PRIORITY_LOWEST;
    for (int priority = nearest + 1; priority <= THREADING_PRIORITY_HIGHEST; priority++)
        if (ti_linux_distance(nice, priority) < ti_linux_distance(nice, nearest))
            nearest = priority;
    return nearest;
}

#elif defined(__APPLE__)

static const qos_class_t ti_apple_classes[] = {QOS_CLASS_BACKGROUND, QOS_CLASS_UTILITY, QOS_CLASS_DEFAULT,
                                               QOS_CLASS_USER_INITIATED, QOS_CLASS_USER_INTERACTIVE};

/* Refused (EPERM) in a thread that was given a scheduling policy of its own. */
bool ti_port_set_priority(int priority)
{
    ti_port_errors errors = ti_port_errors_keep();
    int error = pthread_set_qos_class_self_np(ti_apple_classes[priority - THREADING_PRIORITY_LOWEST], 0);
    ti_port_errors_restore(errors);
    return error == 0;
}

/* No class, too, is NORMAL. */
int ti_port_get_priority(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    qos_class_t mine = qos_class_self();
    ti_port_errors_restore(errors);
    for (int priority = THREADING_PRIORITY_LOWEST; priority <= THREADING_PRIORITY_HIGHEST; priority++)
        if (ti_apple_classes[priority - THREADING_PRIORITY_LOWEST] == mine)
            return priority;
    return THREADING_PRIORITY_NORMAL;
}

#else

/* POSIX has priorities for real-time policies only: every thread is as the system made it. */
bool ti_port_set_priority(int priority)
{
    return priority == THREADING_PRIORITY_NORMAL;
}

int ti_port_get_priority(void)
{
    return THREADING_PRIORITY_NORMAL;
}

#endif

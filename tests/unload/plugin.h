/* SPDX-License-Identifier: MIT */
/* A shared object that has a copy of the library inside and shows nothing of it, as a plugin has. */
#ifndef PLUGIN_H
#define PLUGIN_H

/* What are statuses of the copy come as numbers: 0 is success. */
typedef struct plugin_calls {
    void (*use)(void);           /* a Lock, an RLock, a local, the thread's own object */
    void (*run_thread)(void);    /* one that is joined */
    int (*active_count)(void);   /* how many threads the copy knows */
    void (*start_daemon)(void);  /* by start_new_thread; it ends when it is let go */
    void (*start_worker)(void);  /* a thread that is not joined; likewise */
    void (*start_speaker)(void); /* one that is no daemon, and says "worker" when main has ended */
    void (*join_worker)(void);   /* that one, which has been let go */
    void (*start_pool)(void);    /* an executor with tasks that end when they are let go */
    void (*end_pool)(void);      /* its shutdown */
    void (*wait_for_turn)(void); /* in the calling thread */
    int (*is_awaited)(void);     /* not 0: a thread waits there */
    void (*give_turn)(void);
    void (*let_go)(void);
    int (*unload)(void);
    int (*unload_in_a_thread)(void); /* what threading_unload() says in a thread that the copy has started */
} plugin_calls;

/* The plugin's only name. */
const plugin_calls *plugin(void);

#endif

/* SPDX-License-Identifier: MIT */
/* A DLL that has the static library inside, as a plug-in or an extension module has. */
#ifndef PLUGIN_H
#define PLUGIN_H

#if defined(PLUGIN_BUILDING)
#define PLUGIN_API __declspec(dllexport)
#else
#define PLUGIN_API
#endif

/* Start a worker that is waited for; it prints its line after the end of main. */
typedef void (*plugin_start_t)(const char *line);
PLUGIN_API void plugin_start(const char *line);

/* Start a daemon that holds a lock for ever; the plug-in's destructor then acquires the lock, at most for that long. */
typedef void (*plugin_hold_t)(double seconds);
PLUGIN_API void plugin_hold(double seconds);

/* Start a thread that sleeps for ever; the plug-in's destructor then joins it, in every way. */
typedef void (*plugin_keep_t)(void);
PLUGIN_API void plugin_keep(void);

/* Start a thread and join it. */
typedef void (*plugin_use_t)(void);
PLUGIN_API void plugin_use(void);

#endif

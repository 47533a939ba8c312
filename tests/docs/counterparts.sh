#!/bin/sh
# SPDX-License-Identifier: MIT
# Looks whether every call of other libraries' threads has a row in the guide for those who know them.
# Usage: counterparts.sh [HEADER...]; the calls are taken from the headers that are installed here, and from those given.
# In the guide `name_…` stands for all names that begin so, `…_name` for those that end so.
guide=$(dirname "$0")/../../docs/guide-pthreads.md
uv=/usr/include/uv.h
glib=/usr/include/glib-2.0/glib
sdl=${SDL_HEADERS:-/usr/include/SDL2}
win32=/usr/x86_64-w64-mingw32/include

# All names in the headers, one a line, that look like a call and match the pattern.
calls()
{
    pattern=$1
    shift
    cat "$@" 2>/dev/null | grep -oE "\b$pattern[A-Za-z_0-9]* *\(" | tr -d ' (' | sort -u
}

# Those of Windows. Forms for other character sets, and those with more arguments, have the row of the plain one.
calls_of_windows()
{
    pattern=$1
    shift
    (cd $win32 2>/dev/null && cat "$@") | grep -oE '(WINAPI|NTAPI) +[A-Za-z]+ *\(' |
        sed -E 's/.* ([A-Za-z]+) *\(/\1/; s/(Ex)?[AW]?$//' | grep -E "$pattern" | sort -u
}

list_all()
{
    calls '(pthread|sem|sched)_' /usr/include/pthread.h /usr/include/semaphore.h
    calls '(thrd|mtx|cnd|tss|call)_' /usr/include/threads.h "$@"
    calls 'uv_(thread|mutex|rwlock|sem|cond|barrier|key|once|queue_work|cancel|hrtime|sleep|available_|async)' $uv "$@"
    calls 'g_(thread|mutex|rec_mutex|rw_lock|cond|once|private|async_queue|get_num_processors)_?' \
        $glib/gthread.h $glib/gthreadpool.h $glib/gasyncqueue.h
    calls 'SDL_' $sdl/SDL_thread.h $sdl/SDL_mutex.h "$@"
    calls '_(begin|end)thread' $win32/process.h
    calls_of_windows '' synchapi.h threadpoolapiset.h threadpoollegacyapiset.h fibersapi.h
    calls_of_windows 'Thread|Fiber|WaitFor|PulseEvent|WorkItem|SignalObject|Mutex|Semaphore|Waitable|TimerQueue' \
        processthreadsapi.h winbase.h
}

# Not calls of users: what the headers are made of.
ours='^(g_once_impl|g_once_init_enter_impl|pthread_cleanup_.*|SDL_.*_REAL|SDL_GetError|SDL_mutex[PV]|SDL_MUTEX_.*|.*ProcThreadAttribute.*)$'
names=$(grep -oE '`[A-Za-z_0-9…]+' "$guide" | tr -d '`' | sort -u)
missing=$(list_all "$@" | grep -vE "$ours" | sort -u | awk -v names="$names" '
    BEGIN {
        count = split(names, list, "\n")
        for (i = 1; i <= count; i++)
            if (sub(/…$/, "", list[i]))
                begins[list[i]] = 1
            else if (sub(/^…/, "", list[i]))
                ends[list[i]] = 1
            else
                known[list[i]] = 1
    }
    {
        calls++
        found = $0 in known || ($0 "Ex") in known || ($0 "W") in known
        for (begin in begins)
            found = found || index($0, begin) == 1
        for (end in ends)
            found = found || substr($0, length($0) - length(end) + 1) == end
        if (!found)
            print
    }
    END { print calls + 0 " calls" }')
printf '%s\n' "$missing"
[ "$(printf '%s\n' "$missing" | wc -l)" -eq 1 ]

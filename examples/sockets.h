/* SPDX-License-Identifier: MIT */
/*
 * What echo_server.c needs of the system. Sockets came to Windows from Unix, and a few words changed on the
 * way: these are the words. The rest of the program is the same everywhere.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdbool.h>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
typedef SOCKET socket_t;
typedef int socket_size_t;
typedef int socket_length_t;
#define NO_SOCKET INVALID_SOCKET

static inline bool sockets_begin(void)
{
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
}

static inline void sockets_end(void)
{
    WSACleanup();
}

static inline void socket_close(socket_t socket)
{
    closesocket(socket);
}
#else
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
typedef int socket_t;
typedef size_t socket_size_t;
typedef socklen_t socket_length_t;
#define NO_SOCKET (-1)

static inline bool sockets_begin(void)
{
    return true;
}

static inline void sockets_end(void)
{
}

static inline void socket_close(socket_t socket)
{
    close(socket);
}
#endif

/* Waits for bytes from the other side. Gives how many came; 0 when it has closed; less than 0 on an error. */
static inline int socket_receive(socket_t socket, char *bytes, int room)
{
    return (int)recv(socket, bytes, (socket_size_t)room, 0);
}

/* One send may take only a part. */
static inline bool socket_send(socket_t socket, const char *bytes, int length)
{
    while (length > 0) {
        int sent = (int)send(socket, bytes, (socket_size_t)length, 0);
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= sent;
    }
    return true;
}

#endif

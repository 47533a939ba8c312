/* SPDX-License-Identifier: MIT */
/*
 * A server that sends back what it is sent, with a pool of threads; its clients are in the same program.
 *
 *     with ThreadPoolExecutor(max_workers=3) as pool:
 *         while True:
 *             connection, address = listener.accept()
 *             pool.submit(serve, connection)
 *
 * Look at the numbers: eight clients come at once and there are three threads. Each thread serves one client
 * until it leaves; the others stand in the pool's line meanwhile, and no client needs a thread of its own.
 */
#include "example.h"
#include "sockets.h"

enum { CLIENTS = 8, THREADS = 3 };

static struct sockaddr_in address; /* the server's */

static void refuse(const char *what)
{
    fprintf(stderr, "%s failed\n", what);
    _Exit(1);
}

/* ---- the server */

/* The task of the pool: one client, until it leaves. */
static void *serve(void *arg)
{
    socket_t connection = *(socket_t *)arg;
    char bytes[16]; /* shorter than what the clients say: it takes a few rounds */
    int length;
    while ((length = socket_receive(connection, bytes, sizeof bytes)) > 0)
        if (!socket_send(connection, bytes, length))
            break;
    socket_close(connection);
    return NULL;
}

/* A listening socket, on this machine only, at any free port. */
static socket_t open_listener(void)
{
    socket_length_t length = sizeof address;
    socket_t listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener == NO_SOCKET || bind(listener, (struct sockaddr *)&address, length) != 0 ||
        listen(listener, CLIENTS) != 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        return NO_SOCKET;
    return listener;
}

/* Serves so many clients as there are in this program, then ends; a real server would go on. */
static void *run_server(void *listener)
{
    socket_t connections[CLIENTS];
    threading_executor_t *pool = threading_executor_new(THREADS, NULL);
    for (int i = 0; i < CLIENTS; i++) {
        connections[i] = accept(*(socket_t *)listener, NULL, NULL);
        if (connections[i] == NO_SOCKET)
            refuse("accept");
        THREADING_MUST(
            threading_executor_submit(pool, serve, &connections[i], NULL)); /* no future: no result */
    }
    THREADING_MUST(threading_executor_shutdown(pool, true, false)); /* until all have left */
    threading_executor_free(pool);
    return NULL;
}

/* ---- the clients */

struct client {
    int number;
    char reply[64];
};

/* Says something, and reads until as much has come back. */
static void *run_client(void *arg)
{
    struct client *client = arg;
    char text[64];
    int length = snprintf(text, sizeof text, "hello from client %d, and good bye", client->number), got = 0;
    socket_t connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection == NO_SOCKET || connect(connection, (struct sockaddr *)&address, sizeof address) != 0)
        refuse("connect");
    if (!socket_send(connection, text, length))
        refuse("send");
    while (got < length) {
        int more = socket_receive(connection, client->reply + got, length - got);
        if (more <= 0)
            refuse("receive");
        got += more;
    }
    socket_close(connection);
    return NULL;
}

/* All clients at once, each in a thread of its own. */
static void run_clients(void)
{
    static struct client clients[CLIENTS];
    void *items[CLIENTS];
    threading_executor_t *pool = threading_executor_new(CLIENTS, NULL);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].number = i + 1;
        items[i] = &clients[i];
    }
    THREADING_MUST(threading_executor_map(pool, run_client, items, CLIENTS, NULL));
    threading_executor_free(pool);
    for (int i = 0; i < CLIENTS; i++)
        printf("client %d got: %s\n", clients[i].number, clients[i].reply);
}

int main(void)
{
    socket_t listener = sockets_begin() ? open_listener() : NO_SOCKET;
    if (listener == NO_SOCKET) {
        printf("SKIP: there are no sockets here\n");
        return 0;
    }
    threading_thread_t *server = THREADING_MUST_SPAWN(run_server, &listener, .name = "server");
    run_clients();
    THREADING_MUST(threading_thread_join(server));
    threading_thread_free(server);
    printf("%d clients were served by %d threads\n", CLIENTS, THREADS);
    socket_close(listener);
    sockets_end();
    return 0;
}

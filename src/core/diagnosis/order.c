/* SPDX-License-Identifier: MIT */
#include "order.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include <string.h>

#include "atomic.h"
#include "dump.h"
#include "memory.h"
#include "registry.h"
#include "taking.h"

#define TI_ORDER_EDGES 4096 /* one of them, 0, stands for none */
#define TI_ORDER_HELD 4096
#define TI_ORDER_DEEP 64
#define TI_ORDER_BITS 10
#define TI_ORDER_LINKS 4 /* of a ring that are told */
#define TI_ORDER_CALLERS 3

/* A lock, and where it was taken: the caller, and the callers outside of it. The first is NULL if that was by
 * a condition's wait, the others if they are not known. */
typedef struct ti_order_spot {
    const void *object;
    const void *callers[TI_ORDER_CALLERS];
    ti_on on;
} ti_order_spot;

typedef struct ti_order_held {
    ti_order_spot spot;
    uint32_t ident;  /* of the thread that has it */
    uint32_t levels; /* how often, with those that it is about to acquire */
} ti_order_held;

/*
 * A thread that had one has wanted the other.
 *
 *   next      another one in the chain of edges whose `has` has the same hash
 *   searched  the last search that has met it
 *   before    the edge by which that search came to it
 *   closes    it has closed a ring, which was told: no other ring is made of it
 *   thread    the name of the thread, which may end
 */
typedef struct ti_order_edge {
    ti_order_spot has;
    ti_order_spot wants;
    uint32_t ident;
    uint32_t searched;
    uint16_t next;
    uint16_t before;
    bool closes;
    char thread[TI_TEXT_NAME];
} ti_order_edge;

/* The graph, and what is held; under the registry's guard. Edges are 1 … edge_count; what is held is in the
 * order of acquiring. */
typedef struct ti_order {
    threading_write_t write;
    void *context;
    uint32_t search;
    uint32_t edge_count;
    uint32_t edges_lost;
    uint32_t held_count;
    uint32_t held_lost;
    bool has_told; /* that something was lost */
    uint16_t chains[1 << TI_ORDER_BITS];
    uint16_t queue[TI_ORDER_EDGES];
    ti_order_edge edges[TI_ORDER_EDGES];
    ti_order_held held[TI_ORDER_HELD];
} ti_order;

/* An edge of a ring that was found, copied with its names. */
typedef struct ti_order_link {
    ti_order_edge edge;
    char has[TI_TEXT_NAME];
    char wants[TI_TEXT_NAME];
} ti_order_link;

typedef struct ti_order_ring {
    uint32_t count;
    uint32_t edges_lost;
    uint32_t held_lost;
    ti_order_link links[TI_ORDER_LINKS];
} ti_order_ring;

static ti_order *ti_order_now;

/* ---- what threads have ---- */

TI_COLD static void ti_order_remove_held(uint32_t index)
{
    ti_order *order = ti_order_now;
    order->held_count--;
    memmove(order->held + index, order->held + index + 1, (order->held_count - index) * sizeof *order->held);
}

/* One behind the last that is that object, and the thread's or, for 0, anybody's; 0: there is none. */
TI_COLD static uint32_t ti_order_find_held(const void *object, uint32_t ident)
{
    const ti_order_held *held = ti_order_now->held;
    uint32_t index = ti_order_now->held_count;
    while (index > 0 &&
           !(held[index - 1].spot.object == object && (ident == 0 || held[index - 1].ident == ident)))
        index--;
    return index;
}

TI_COLD static void ti_order_forget_held(const void *object)
{
    for (uint32_t index; (index = ti_order_find_held(object, 0)) > 0;)
        ti_order_remove_held(index - 1);
}

TI_COLD static void ti_order_add_held(const ti_order_spot *spot, uint32_t ident)
{
    ti_order *order = ti_order_now;
    if (order->held_count == TI_ORDER_HELD) {
        ti_order_remove_held(0);
        order->held_lost++;
    }
    order->held[order->held_count++] = (ti_order_held){.spot = *spot, .ident = ident, .levels = 1};
}

TI_COLD static void ti_order_has(const ti_order_spot *spot, uint32_t ident)
{
    uint32_t index = ti_order_find_held(spot->object, ident);
    if (index > 0)
        ti_order_now->held[index - 1].levels++;
    else
        ti_order_add_held(spot, ident);
}

TI_COLD static void ti_order_gives(const void *object, uint32_t ident)
{
    uint32_t index = ti_order_find_held(object, ident);
    if (index > 0 && --ti_order_now->held[index - 1].levels == 0)
        ti_order_remove_held(index - 1);
}

/* ---- the graph ---- */

/* Hashed as in parking.h. */
TI_COLD TI_NOINLINE static uint16_t *ti_order_chain(const void *object)
{
    return &ti_order_now->chains[(uintptr_t)object * UINT64_C(0x9E3779B97F4A7C15) >> (64 - TI_ORDER_BITS)];
}

TI_COLD static uint32_t ti_order_find_edge(const void *has, const void *wants)
{
    const ti_order_edge *edges = ti_order_now->edges;
    uint32_t edge = *ti_order_chain(has);
    while (edge != 0 && !(edges[edge].has.object == has && edges[edge].wants.object == wants))
        edge = edges[edge].next;
    return edge;
}

/* What points to an edge. */
TI_COLD TI_NOINLINE static uint16_t *ti_order_pointer(uint32_t edge)
{
    uint16_t *link = ti_order_chain(ti_order_now->edges[edge].has.object);
    while (*link != edge)
        link = &ti_order_now->edges[*link].next;
    return link;
}

/* The last edge takes its place. */
TI_COLD static void ti_order_remove_edge(uint32_t edge)
{
    ti_order *order = ti_order_now;
    uint32_t last = order->edge_count--;
    *ti_order_pointer(edge) = order->edges[edge].next;
    if (edge == last)
        return;
    *ti_order_pointer(last) = (uint16_t)edge;
    order->edges[edge] = order->edges[last];
}

TI_COLD static void ti_order_add_edge(const ti_order_spot *has, const ti_order_spot *wants,
                                      const ti_self *self)
{
    ti_order *order = ti_order_now;
    uint16_t *chain = ti_order_chain(has->object);
    if (order->edge_count == TI_ORDER_EDGES - 1)
        ti_order_remove_edge(order->edges_lost++ % (TI_ORDER_EDGES - 1) + 1);
    ti_order_edge *edge = &order->edges[++order->edge_count];
    *edge = (ti_order_edge){.has = *has, .wants = *wants, .ident = self->fast.ident, .next = *chain};
    ti_look_copy_name(edge->thread, self);
    *chain = (uint16_t)order->edge_count;
}

TI_COLD static void ti_order_forget_edges(const void *object)
{
    const ti_order_edge *edges = ti_order_now->edges;
    for (uint32_t edge = ti_order_now->edge_count; edge > 0; edge--)
        if (edges[edge].has.object == object || edges[edge].wants.object == object)
            ti_order_remove_edge(edge);
}

/* ---- rings ---- */

/* Put the edges that lead on from an object in the queue, `before` is how the search came there: the queue's
 * new length. */
TI_COLD static uint32_t ti_order_go_on(const void *object, uint32_t before, uint32_t length)
{
    ti_order *order = ti_order_now;
    for (uint32_t edge = *ti_order_chain(object); edge != 0; edge = order->edges[edge].next) {
        bool leads_on = order->edges[edge].has.object == object && !order->edges[edge].closes;
        if (!leads_on || order->edges[edge].searched == order->search)
            continue;
        order->edges[edge].searched = order->search;
        order->edges[edge].before = (uint16_t)before;
        order->queue[length++] = (uint16_t)edge;
    }
    return length;
}

/* The last edge of a shortest way from an object to another; 0: there is none. */
TI_COLD static uint32_t ti_order_way(const void *from, const void *to)
{
    ti_order *order = ti_order_now;
    order->search++;
    uint32_t length = ti_order_go_on(from, 0, 0);
    for (uint32_t i = 0; i < length; i++) {
        uint32_t edge = order->queue[i];
        if (order->edges[edge].wants.object == to)
            return edge;
        length = ti_order_go_on(order->edges[edge].wants.object, edge, length);
    }
    return 0;
}

TI_COLD static void ti_order_copy(ti_order_ring *ring, uint32_t place, uint32_t edge)
{
    if (place >= TI_ORDER_LINKS)
        return;
    ti_order_link *link = &ring->links[place];
    link->edge = ti_order_now->edges[edge];
    ti_look_copy_object_name(link->has, link->edge.has.object);
    ti_look_copy_object_name(link->wants, link->edge.wants.object);
}

/* The way, whose last edge is known, behind the edge that closes the ring. */
TI_COLD static void ti_order_copy_way(ti_order_ring *ring, uint32_t last)
{
    ring->count = 1;
    for (uint32_t edge = last; edge != 0; edge = ti_order_now->edges[edge].before)
        ring->count++;
    uint32_t place = ring->count;
    for (uint32_t edge = last; edge != 0; edge = ti_order_now->edges[edge].before)
        ti_order_copy(ring, --place, edge);
    ring->edges_lost = ti_order_now->edges_lost;
    ring->held_lost = ti_order_now->held_lost;
}

/* Note that a thread that has the one wants the other. True: that closes a ring. */
TI_COLD static bool ti_order_note(ti_order_ring *ring, const ti_order_spot *has, const ti_order_spot *wants,
                                  const ti_self *self)
{
    if (ti_order_find_edge(has->object, wants->object) != 0)
        return false;
    uint32_t last = ti_order_way(wants->object, has->object);
    if (last != 0)
        ti_order_copy_way(ring, last); /* first: for a new edge an old one may go */
    ti_order_add_edge(has, wants, self);
    if (last == 0)
        return false;
    ti_order_now->edges[ti_order_now->edge_count].closes = true;
    ti_order_copy(ring, 0, ti_order_now->edge_count);
    return true;
}

/* True: a ring was closed, and there may be more of them. */
TI_COLD static bool ti_order_wants(ti_order_ring *ring, const ti_order_spot *wants, const ti_self *self)
{
    const ti_order_held *held = ti_order_now->held;
    if (ti_order_find_held(wants->object, self->fast.ident) > 0)
        return false;
    uint32_t deep = 0;
    for (uint32_t i = ti_order_now->held_count; i > 0 && deep < TI_ORDER_DEEP; i--) {
        if (held[i - 1].ident != self->fast.ident)
            continue;
        if (ti_order_note(ring, &held[i - 1].spot, wants, self))
            return true;
        deep++;
    }
    return false;
}

/* ---- the text ---- */

TI_COLD static void ti_order_write_place(ti_text *text, const void *caller)
{
    ti_symbol symbol;
    const char *call =
        (const char *)caller - 1; /* the last byte of the call: its end may be another line's */
    if (!ti_port_symbol(call, &symbol))
        ti_text_format(text, "%p", call);
    else if (symbol.function != NULL)
        ti_text_format(text, "%s+%p (%s+%p)", symbol.function, (const void *)symbol.in_function,
                       symbol.object, (const void *)symbol.in_object);
    else
        ti_text_format(text, "%s+%p", symbol.object, (const void *)symbol.in_object);
}

TI_COLD static void ti_order_write_spot(ti_text *text, const char *before, const ti_order_spot *spot,
                                        const char *name, const char *after)
{
    const char *purpose = spot->on == TI_ON_READ ? " to read" : spot->on == TI_ON_WRITE ? " to write" : "";
    ti_text_format(text, "%s%o%s%s", before, ti_look_kind(spot->on), name, spot->object, purpose, after);
    if (spot->callers[0] == NULL)
        ti_text_format(text, " again by a Condition's wait");
    for (size_t i = 0; i < TI_ORDER_CALLERS && spot->callers[i] != NULL; i++) {
        ti_text_format(text, i == 0 ? " in " : " from ");
        ti_order_write_place(text, spot->callers[i]);
    }
}

TI_COLD TI_NOINLINE static void ti_order_write_link(ti_text *text, const ti_order_link *link)
{
    const ti_order_edge *edge = &link->edge;
    ti_text_format(text, "    %w", edge->thread, edge->ident);
    ti_order_write_spot(text, " has ", &edge->has, link->has, ", taken");
    ti_order_write_spot(text, ", and takes ", &edge->wants, link->wants, "");
    ti_text_format(text, "\n");
}

TI_COLD TI_NOINLINE static void ti_order_write_ring(ti_text *text, const ti_order_ring *ring)
{
    ti_text_format(text,
                   ring->count == 2 ? "threading: possible deadlock: two locks are taken in both orders\n"
                                    : "threading: possible deadlock: %u locks are taken in a ring\n",
                   ring->count);
    for (uint32_t i = 0; i < ring->count && i < TI_ORDER_LINKS; i++)
        ti_order_write_link(text, &ring->links[i]);
    if (ring->count > TI_ORDER_LINKS)
        ti_text_format(text, "    and so on\n");
    if (ring->edges_lost + ring->held_lost > 0)
        ti_text_format(text, "    no room was left: %u orders are forgotten, and %u locks that are held\n",
                       ring->edges_lost, ring->held_lost);
}

/* ---- watching ---- */

/* NULL: the room is used up. What is said of errors in the calling thread is the user's. */
TI_COLD static void ti_order_tell(const ti_order_ring *ring)
{
    ti_text text;
    ti_port_errors errors = ti_port_errors_keep();
    ti_text_begin(&text, ti_order_now->write, ti_order_now->context);
    if (ring != NULL)
        ti_order_write_ring(&text, ring);
    else
        ti_text_format(&text,
                       "threading: order has no room left: from now on it forgets old ones, of %u pairs of "
                       "locks and of %u locks that are held\n",
                       (uint32_t)TI_ORDER_EDGES - 1, (uint32_t)TI_ORDER_HELD);
    ti_text_flush(&text);
    ti_port_errors_restore(errors);
}

/* Whether something was lost for the first time. */
TI_COLD static bool ti_order_becomes_full(void)
{
    ti_order *order = ti_order_now;
    bool is_new = !order->has_told && order->edges_lost + order->held_lost > 0;
    order->has_told = order->has_told || is_new;
    return is_new;
}

TI_COLD static void ti_order_ask(const ti_order_spot *wants, ti_self *self)
{
    ti_order_ring ring;
    bool is_ring;
    do {
        ti_registry_lock(self);
        is_ring = ti_order_wants(&ring, wants, self);
        ti_registry_unlock();
        if (is_ring)
            ti_order_tell(&ring);
    } while (is_ring);
}

TI_COLD static void ti_order_follow(const ti_taking *taking, const ti_order_spot *spot, ti_self *self)
{
    ti_registry_lock(self);
    if (taking->kind == TI_GIVES) {
        ti_order_gives(taking->object, taking->ident);
    } else if (taking->kind == TI_BEGINS) {
        ti_order_forget_held(taking->object);
        ti_order_forget_edges(taking->object);
    } else {
        ti_order_has(spot, taking->ident);
    }
    bool is_full = ti_order_becomes_full();
    ti_registry_unlock();
    if (is_full)
        ti_order_tell(NULL);
}

TI_COLD static void ti_order_watch(ti_self *self, const ti_taking *taking)
{
    ti_order_spot spot = {.object = taking->object, .on = taking->on};
    if (taking->caller != NULL && ti_port_callers(taking->caller, spot.callers, TI_ORDER_CALLERS) == 0)
        spot.callers[0] = taking->caller;
    if (taking->kind == TI_WANTS)
        ti_order_ask(&spot, self);
    ti_order_follow(taking, &spot, self);
}

/* Not malloc's memory: this is a thread's first call (self.h). */
TI_COLD bool ti_order_start(threading_write_t write, void *context)
{
    ti_order_now = (ti_order *)ti_port_pages(sizeof *ti_order_now);
    if (ti_order_now == NULL)
        return false;
    ti_order_now->write = write;
    ti_order_now->context = context;
    ti_taking_watch(ti_order_watch);
    return true;
}

TI_COLD void ti_order_stop(void)
{
    if (ti_order_now == NULL)
        return;
    ti_taking_watch(NULL);
    ti_port_pages_give_back(ti_order_now, sizeof *ti_order_now);
    ti_order_now = NULL;
}

#endif

/* SPDX-License-Identifier: MIT */
/* The seam: a fence in all threads of the process, where the system has one (src/core/parking/fence.h tells what for). */
#include "port_support.h"

#include "atomic.h"

#define ROUNDS 20000

static uint32_t light_side;
static uint32_t heavy_side;
static uint32_t light_saw;
static uint32_t heavy_saw;
static atomic_int arrived;

/* Lets both threads go on together. Spinning, so that they are in the steps below at the same time now and then. */
static void meet_tightly(void)
{
    int place = atomic_fetch_add(&arrived, 1);
    int complete = (place / 2 + 1) * 2;
    for (int looks = 0; atomic_load(&arrived) < complete; looks++)
        if (looks > 1000)
            ti_port_yield();
}

/* The side without a fence: its store may still be on its way when it looks. */
static void light_round(void)
{
    ti_store_release(&light_side, 1);
    ti_keep_order();
    light_saw = ti_load_relaxed(&heavy_side);
}

static void heavy_round(void)
{
    ti_store_sequential(&heavy_side, 1);
    CHECK(ti_port_fence_all());
    heavy_saw = ti_load_sequential(&light_side);
}

static void run_light(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        meet_tightly();
        light_round();
        meet_tightly();
    }
}

CASE(of_two_sides_one_sees_the_other)
{
    /* slow */
    ti_port_thread thread;
    if (!ti_port_fence_start())
        SKIP("this system has no fence for all threads of a process");
    begin(&thread, run_light, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        light_side = heavy_side = 0;
        meet_tightly();
        heavy_round();
        meet_tightly();
        CHECK(light_saw == 1 || heavy_saw == 1);
    }
    ti_port_thread_join(&thread);
}

CASE(may_be_started_again)
{
    bool first = ti_port_fence_start();
    CHECK_EQUAL(ti_port_fence_start(), first);
    if (first)
        CHECK(ti_port_fence_all());
}

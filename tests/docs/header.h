/* SPDX-License-Identifier: MIT */
/* What the examples in the comments of threading.h take for granted. */
struct job {
    int number;
};

static int items = 1, balance, question, n = 5, rows[1000];
static threading_lock_t lock;
static threading_event_t quit;
static threading_queue_t *jobs;
static threading_executor_t *pool;

/* One of the two that an example waits for is ready. */
__attribute__((constructor)) static void make_ready(void)
{
    jobs = threading_queue_new(THREADING_QUEUE_FIFO, sizeof(struct job), 0, NULL);
    threading_event_set(&quit);
    pool = threading_executor_new(1, NULL);
}

static void load_tables(void *unused)
{
    (void)unused;
}

static void remind(void *what)
{
    (void)what;
}

static void *run(void *unused)
{
    (void)unused;
    return threading_sleep(THREADING_FOREVER) == THREADING_CANCELLED ? NULL : &balance;
}

static void *compute(void *arg)
{
    return arg;
}

static threading_status_t fetch(void *arg)
{
    (void)arg;
    return THREADING_OK;
}

static void sum_rows(size_t begin, size_t end, void *all)
{
    for (size_t i = begin; i < end; i++)
        ((int *)all)[i]++;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A producer that had to wait goes on when this much is free, so that the
 * two threads do not take turns record by record. */
#define ENOUGH_ROOM (QUEUE_SLOTS / 4)

int queue_init(struct queue *q)
{
    pthread_condattr_t attr;

    memset(q, 0, sizeof(*q));
    q->slots = malloc(QUEUE_SLOTS * sizeof(*q->slots));
    if (!q->slots)
        return -ENOMEM;
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&q->room, &attr);
    pthread_cond_init(&q->work, &attr);
    pthread_condattr_destroy(&attr);
    return 0;
}

void queue_free(struct queue *q)
{
    if (!q->slots)
        return;
    pthread_cond_destroy(&q->room);
    pthread_cond_destroy(&q->work);
    pthread_mutex_destroy(&q->lock);
    free(q->slots);
    q->slots = NULL;
}

static unsigned int used(struct queue *q)
{
    return atomic_load(&q->tail) - atomic_load(&q->head);
}

static void wait_for_room(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    /* Stored before head is read; queue_release stores head before it reads
     * this: one of the two sees the other. */
    atomic_store(&q->waiting, true);
    pthread_cond_signal(&q->work);
    while (QUEUE_SLOTS - used(q) < ENOUGH_ROOM)
        pthread_cond_wait(&q->room, &q->lock);
    atomic_store(&q->waiting, false);
    pthread_mutex_unlock(&q->lock);
}

struct hv_record *queue_slot(struct queue *q)
{
    unsigned int tail = atomic_load_explicit(&q->tail, memory_order_relaxed);

    if (tail - q->head_seen == QUEUE_SLOTS) {
        /* Acquire: the consumer is done with the slots it released. */
        q->head_seen = atomic_load_explicit(&q->head, memory_order_acquire);
        if (tail - q->head_seen == QUEUE_SLOTS) {
            wait_for_room(q);
            q->head_seen = atomic_load(&q->head);
        }
    }
    return &q->slots[tail % QUEUE_SLOTS];
}

void queue_publish(struct queue *q)
{
    unsigned int tail = atomic_load_explicit(&q->tail, memory_order_relaxed);

    /* Release: the record is in its slot before the consumer sees it. */
    atomic_store_explicit(&q->tail, tail + 1, memory_order_release);
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_signal(&q->work);
    pthread_mutex_unlock(&q->lock);
}

unsigned int queue_wait(struct queue *q, unsigned int ms, bool *closed)
{
    unsigned int n = used(q);
    struct timespec until;

    *closed = false;
    if (n)
        return n;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&q->lock);
    if (!q->closed && !used(q))
        pthread_cond_timedwait(&q->work, &q->lock, &until);
    *closed = q->closed;
    n = used(q);
    pthread_mutex_unlock(&q->lock);
    return n;
}

struct hv_record *queue_peek(struct queue *q, unsigned int n)
{
    unsigned int head = atomic_load_explicit(&q->head, memory_order_relaxed);

    return &q->slots[(head + n) % QUEUE_SLOTS];
}

void queue_release(struct queue *q, unsigned int n)
{
    atomic_fetch_add(&q->head, n);
    if (!atomic_load(&q->waiting) || QUEUE_SLOTS - used(q) < ENOUGH_ROOM)
        return;
    pthread_mutex_lock(&q->lock);
    pthread_cond_signal(&q->room);
    pthread_mutex_unlock(&q->lock);
}

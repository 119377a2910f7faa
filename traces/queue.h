/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bounded queue of records between one producer and one consumer thread.
 * Nothing is ever dropped: a full queue blocks the producer.  The producer
 * takes no lock and makes no system call while there is room; therefore the
 * consumer of an empty queue looks again from time to time by itself. */
#ifndef XENREEL_TRACES_QUEUE_H
#define XENREEL_TRACES_QUEUE_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

#include "harness/record.h"

#define QUEUE_SLOTS 4096u       /* a power of two */

struct queue {
    struct hv_record *slots;
    alignas(64) atomic_uint tail;       /* slots published, ever */
    unsigned int head_seen;             /* the producer's copy of head */
    alignas(64) atomic_uint head;       /* slots released, ever */
    alignas(64) atomic_bool waiting;    /* the producer sleeps */
    bool closed;                        /* under lock */
    pthread_mutex_t lock;
    pthread_cond_t room, work;
};

int queue_init(struct queue *q);
void queue_free(struct queue *q);

/* The producer: the next free slot, waiting for one; then publish it. */
struct hv_record *queue_slot(struct queue *q);
void queue_publish(struct queue *q);
/* The producer is done. */
void queue_close(struct queue *q);

/* The consumer: how many records there are, after waiting up to MS when there
 * is none; *CLOSED when there will be no more. */
unsigned int queue_wait(struct queue *q, unsigned int ms, bool *closed);
/* The record N behind the oldest one. */
struct hv_record *queue_peek(struct queue *q, unsigned int n);
/* Give the N oldest back. */
void queue_release(struct queue *q, unsigned int n);

#endif

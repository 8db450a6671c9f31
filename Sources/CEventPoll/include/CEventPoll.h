#ifndef CEVENTPOLL_H
#define CEVENTPOLL_H

#include <stdbool.h>
#include <stdint.h>

// Watches a set of sockets for readiness: epoll on Linux, kqueue elsewhere. The set is itself a descriptor, readable while
// one of its sockets is ready.
//
// All functions return -1 and set `errno` on failure.

struct event_poll_event {
  uint64_t token;
  bool readable;
  bool writable;
  // The peer has ended sending; there may be unread bytes before the end. Reported only while watched for.
  bool half_closed;
  // The connection has failed or ended in both directions. Reported whatever the socket is watched for.
  bool failed;
};

// What a socket is watched for, besides failure. Nothing means failure only.
enum { EVENT_POLL_READ = 1, EVENT_POLL_WRITE = 2, EVENT_POLL_HALF_CLOSE = 4 };

// Returns the descriptor of a new set, which the caller closes.
int event_poll_create(void);

// Adds a socket to the set or, if `is_known`, changes the events for which it is watched.
int event_poll_update(int set, int socket, uint64_t token, bool is_known, int events);

// Removes a socket from the set.
int event_poll_remove(int set, int socket);

// Stores the events of up to `capacity` ready sockets and returns their number. Does not wait.
int event_poll_collect(int set, struct event_poll_event *result, int capacity);

#endif

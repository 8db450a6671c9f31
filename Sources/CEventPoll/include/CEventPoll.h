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
  // Both are also set when the connection has failed or hung up: the next read or write then returns the error.
  bool readable;
  bool writable;
};

// Returns the descriptor of a new set, which the caller closes.
int event_poll_create(void);

// Adds a socket to the set or, if `is_known`, changes the events for which it is watched. A socket watched for no event
// is removed from the set: otherwise a connection that has hung up would be reported again and again.
int event_poll_update(int set, int socket, uint64_t token, bool is_known, bool read, bool write);

// Stores the events of up to `capacity` ready sockets and returns their number. Does not wait.
int event_poll_collect(int set, struct event_poll_event *result, int capacity);

#endif

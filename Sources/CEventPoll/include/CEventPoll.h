#ifndef CREADINESS_H
#define CREADINESS_H

#include <stdbool.h>
#include <stdint.h>

// A set of sockets and the question which of them are ready: epoll on Linux, kqueue elsewhere. The set is itself a
// descriptor, readable while one of its sockets is ready.
//
// All functions return -1 with `errno` on failure.

struct readiness {
  uint64_t token;
  // Set too when the connection has failed or hung up: the next read or write then says how.
  bool readable;
  bool writable;
};

// A new set's descriptor, to be closed by the caller.
int readiness_create(void);

// Watches a socket that is in no set yet, or (`is_known`) changes what it is watched for. A socket that is watched for
// nothing leaves the set: a connection that has hung up could not be kept quiet otherwise.
int readiness_watch(int set, int socket, uint64_t token, bool is_known, bool read, bool write);

// Up to `capacity` sockets that are ready now; does not wait.
int readiness_take(int set, struct readiness *ready, int capacity);

#endif

#include "CEventPoll.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

enum { BATCH = 128 };

#if defined(__linux__)

#include <sys/epoll.h>

int event_poll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int event_poll_update(int set, int socket, uint64_t token, bool is_known, bool read, bool write) {
  if (!read && !write) return is_known ? epoll_ctl(set, EPOLL_CTL_DEL, socket, NULL) : 0;
  struct epoll_event event = {
      .events = (read ? EPOLLIN : 0) | (write ? EPOLLOUT : 0),
      .data.u64 = token,
  };
  return epoll_ctl(set, is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
}

int event_poll_collect(int set, struct event_poll_event *result, int capacity) {
  struct epoll_event events[BATCH];
  int count;
  do {
    count = epoll_wait(set, events, capacity < BATCH ? capacity : BATCH, 0);
  } while (count < 0 && errno == EINTR);
  for (int i = 0; i < count; i++) {
    bool failed = events[i].events & (EPOLLERR | EPOLLHUP);
    result[i] = (struct event_poll_event){
        .token = events[i].data.u64,
        .readable = failed || (events[i].events & EPOLLIN),
        .writable = failed || (events[i].events & EPOLLOUT),
    };
  }
  return count;
}

#else

#include <fcntl.h>
#include <sys/event.h>
#include <sys/time.h>

int event_poll_create(void) {
  int set = kqueue();
  if (set >= 0) fcntl(set, F_SETFD, FD_CLOEXEC);
  return set;
}

int event_poll_update(int set, int socket, uint64_t token, bool is_known, bool read, bool write) {
  (void)is_known;
  const bool wanted[2] = {read, write};
  const int16_t filters[2] = {EVFILT_READ, EVFILT_WRITE};
  for (int i = 0; i < 2; i++) {
    struct kevent change;
    EV_SET(&change, socket, filters[i], wanted[i] ? EV_ADD : EV_DELETE, 0, 0, (void *)(uintptr_t)token);
    // Removing a filter that is not in the set is not an error.
    if (kevent(set, &change, 1, NULL, 0, NULL) < 0 && (wanted[i] || errno != ENOENT)) return -1;
  }
  return 0;
}

int event_poll_collect(int set, struct event_poll_event *result, int capacity) {
  struct kevent events[BATCH];
  const struct timespec now = {0, 0};
  int count;
  do {
    count = kevent(set, NULL, 0, events, capacity < BATCH ? capacity : BATCH, &now);
  } while (count < 0 && errno == EINTR);
  for (int i = 0; i < count; i++) {
    result[i] = (struct event_poll_event){
        .token = (uint64_t)(uintptr_t)events[i].udata,
        .readable = events[i].filter == EVFILT_READ,
        .writable = events[i].filter == EVFILT_WRITE,
    };
  }
  return count;
}

#endif

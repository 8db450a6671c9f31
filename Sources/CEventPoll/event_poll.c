#include "CEventPoll.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

enum { BATCH = 128 };

#if defined(__linux__)

#include <sys/epoll.h>

int event_poll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int event_poll_update(int set, int socket, uint64_t token, bool is_known, int events) {
  // EPOLLERR and EPOLLHUP are always reported.
  struct epoll_event event = {
      .events = (events & EVENT_POLL_READ ? EPOLLIN : 0) | (events & EVENT_POLL_WRITE ? EPOLLOUT : 0) |
                (events & EVENT_POLL_HALF_CLOSE ? EPOLLRDHUP : 0),
      .data.u64 = token,
  };
  return epoll_ctl(set, is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
}

int event_poll_remove(int set, int socket) { return epoll_ctl(set, EPOLL_CTL_DEL, socket, NULL); }

int event_poll_collect(int set, struct event_poll_event *result, int capacity) {
  struct epoll_event events[BATCH];
  int count;
  do {
    count = epoll_wait(set, events, capacity < BATCH ? capacity : BATCH, 0);
  } while (count < 0 && errno == EINTR);
  for (int i = 0; i < count; i++) {
    result[i] = (struct event_poll_event){
        .token = events[i].data.u64,
        .readable = events[i].events & EPOLLIN,
        .writable = events[i].events & EPOLLOUT,
        .half_closed = events[i].events & EPOLLRDHUP,
        .failed = events[i].events & (EPOLLERR | EPOLLHUP),
    };
  }
  return count;
}

#else

#include <fcntl.h>
#include <limits.h>
#include <sys/event.h>
#include <sys/time.h>

int event_poll_create(void) {
  int set = kqueue();
  if (set >= 0) fcntl(set, F_SETFD, FD_CLOEXEC);
  return set;
}

static int change(int set, struct kevent event) { return kevent(set, &event, 1, NULL, 0, NULL); }

static int remove_filter(int set, int socket, int16_t filter) {
  struct kevent event;
  EV_SET(&event, socket, filter, EV_DELETE, 0, 0, NULL);
  // Removing a filter that is not in the set is not an error.
  return change(set, event) < 0 && errno != ENOENT ? -1 : 0;
}

int event_poll_update(int set, int socket, uint64_t token, bool is_known, int events) {
  void *data = (void *)(uintptr_t)token;
  struct kevent event;
  // Removed first: adding again does not change EV_CLEAR.
  if (is_known && event_poll_remove(set, socket) < 0) return -1;
  if (events & EVENT_POLL_READ) {
    EV_SET(&event, socket, EVFILT_READ, EV_ADD, 0, 0, data);
  } else {
    // Reports the end of input once (EV_CLEAR) and data never: no buffer reaches this low-water mark.
    EV_SET(&event, socket, EVFILT_READ, EV_ADD | EV_CLEAR, NOTE_LOWAT, INT_MAX, data);
  }
  if (change(set, event) < 0) return -1;
  if (!(events & EVENT_POLL_WRITE)) return 0;
  EV_SET(&event, socket, EVFILT_WRITE, EV_ADD, 0, 0, data);
  return change(set, event);
}

int event_poll_remove(int set, int socket) {
  const int read = remove_filter(set, socket, EVFILT_READ);
  const int write = remove_filter(set, socket, EVFILT_WRITE);
  return read < 0 || write < 0 ? -1 : 0;
}

int event_poll_collect(int set, struct event_poll_event *result, int capacity) {
  struct kevent events[BATCH];
  const struct timespec now = {0, 0};
  int count;
  do {
    count = kevent(set, NULL, 0, events, capacity < BATCH ? capacity : BATCH, &now);
  } while (count < 0 && errno == EINTR);
  for (int i = 0; i < count; i++) {
    const bool ended = events[i].flags & EV_EOF;
    result[i] = (struct event_poll_event){
        .token = (uint64_t)(uintptr_t)events[i].udata,
        .readable = events[i].filter == EVFILT_READ,
        .writable = events[i].filter == EVFILT_WRITE,
        .half_closed = ended && events[i].filter == EVFILT_READ,
        // A reset leaves its error in fflags.
        .failed = ended && events[i].fflags != 0,
    };
  }
  return count;
}

#endif

#ifndef CALLOCATOR_H
#define CALLOCATOR_H

// Configures the C library's allocator to return freed memory to the system, for a long-running process. Call it before
// starting threads. Does nothing where the allocator has no such settings.
void allocator_configure_for_server(void);

// Returns freed memory to the system now, also from between allocations that are still in use. Call it after something
// large, such as loading a network.
void allocator_trim(void);

#endif

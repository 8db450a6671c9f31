#ifndef CALLOCATOR_H
#define CALLOCATOR_H

// Has the C library's allocator give memory back. For a process that serves for long; to be called before it starts
// threads. Does nothing where the allocator has no such settings.
void allocator_give_back(void);

// Gives back now what has been freed, also from between what is still in use. For the end of something large, such as loading a
// network.
void allocator_trim(void);

#endif

/// Files of the repository inside the binary.
#ifndef EMBEDDED_H
#define EMBEDDED_H

#include <stddef.h>

/// The demo network, weights/yolox-nano-street.safetensors.
const unsigned char *embedded_demo_network(size_t *size);

/// A drawn street, docs/images/street.png.
const unsigned char *embedded_street(size_t *size);

#endif

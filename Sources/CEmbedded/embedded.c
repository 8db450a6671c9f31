#include "embedded.h"

// #embed is C23; clang has it in earlier standards too. The compiler copies the bytes without parsing them as numbers, so that
// two megabytes take no time.
#pragma clang diagnostic ignored "-Wc23-extensions"

#if __has_embed("../../weights/yolox-nano-street.safetensors")
static const unsigned char demo_network[] = {
#embed "../../weights/yolox-nano-street.safetensors"
};
#define DEMO_NETWORK_SIZE sizeof demo_network
#else
static const unsigned char demo_network[1];
#define DEMO_NETWORK_SIZE 0
#endif

static const unsigned char street[] = {
#embed "../../docs/images/street.png"
};

const unsigned char *embedded_demo_network(size_t *size) {
  *size = DEMO_NETWORK_SIZE;
  return demo_network;
}

const unsigned char *embedded_street(size_t *size) {
  *size = sizeof street;
  return street;
}

#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <nettle/version.h>

/// sha256_digest takes the length of the digest up to Nettle 3.
static inline void yolox_sha256_digest(struct sha256_ctx *context, uint8_t *digest) {
#if NETTLE_VERSION_MAJOR >= 4
  sha256_digest(context, digest);
#else
  sha256_digest(context, SHA256_DIGEST_SIZE, digest);
#endif
}

#include "CTraining.h"
#include "dispatch.h"

#pragma clang fp contract(fast)

DISPATCHED void yt_add(float *restrict y, const float *restrict x, long n) {
  for (long i = 0; i < n; i++) y[i] += x[i];
}

DISPATCHED void yt_sum(const float *x, long n, double *sum) {
#pragma clang fp reassociate(on)
  float total = 0;
  for (long i = 0; i < n; i++) total += x[i];
  *sum += total;
}

DISPATCHED void yt_moments(const float *x, long n, float shift, double *sum, double *squares) {
#pragma clang fp reassociate(on)
  float first = 0, second = 0;
  for (long i = 0; i < n; i++) {
    float value = x[i] - shift;
    first += value;
    second += value * value;
  }
  *sum += first;
  *squares += second;
}

// Cephes' expf: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2]. Vectorises, unlike the library's.
INLINE float exponential(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  float n = x * 1.44269504f + 12582912.0f;
  n -= 12582912.0f;
  float r = x - n * 0.693359375f;
  r += n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  union {
    int bits;
    float value;
  } power = {.bits = ((int)n + 127) << 23};
  return (p * r * r + r + 1.0f) * power.value;
}

INLINE float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }

INLINE float activate(float z, int activation) {
  switch (activation) {
  case YT_SILU: return z * sigmoid(z);
  case YT_RELU: return z > 0 ? z : 0;
  case YT_LEAKY_RELU: return z > 0 ? z : 0.1f * z;
  case YT_RELU6: return z < 0 ? 0 : z > 6 ? 6 : z;
  case YT_HARD_SWISH: return z < -3 ? 0 : z > 3 ? z : z * (z / 6 + 0.5f);
  case YT_SIGMOID: return sigmoid(z);
  default: return z;
  }
}

INLINE float derivative(float z, int activation) {
  switch (activation) {
  case YT_SILU: {
    float s = sigmoid(z);
    return s * (1.0f + z * (1.0f - s));
  }
  case YT_RELU: return z > 0 ? 1.0f : 0.0f;
  case YT_LEAKY_RELU: return z > 0 ? 1.0f : 0.1f;
  case YT_RELU6: return z > 0 && z < 6 ? 1.0f : 0.0f;
  case YT_HARD_SWISH: return z < -3 ? 0.0f : z > 3 ? 1.0f : z / 3 + 0.5f;
  case YT_SIGMOID: {
    float s = sigmoid(z);
    return s * (1.0f - s);
  }
  default: return 1.0f;
  }
}

INLINE void forward(const float *x, float *y, long n, float scale, float offset, int activation) {
  for (long i = 0; i < n; i++) y[i] = activate(scale * x[i] + offset, activation);
}

INLINE void backward(const float *restrict x, float *restrict d, long n, float scale, float offset, float mean,
                     int activation, double *sum, double *product) {
  float first = 0, second = 0;
  for (long i = 0; i < n; i++) {
    float dz = d[i] * derivative(scale * x[i] + offset, activation);
    d[i] = dz;
    {
#pragma clang fp reassociate(on)
      first += dz;
      second += dz * (x[i] - mean);
    }
  }
  *sum += first;
  *product += second;
}

// A switch outside the loop, so that each loop has one activation and vectorises.
#define FOR_EACH_ACTIVATION(CALL) \
  switch (activation) {           \
  case YT_SILU: CALL(YT_SILU); break; \
  case YT_RELU: CALL(YT_RELU); break; \
  case YT_LEAKY_RELU: CALL(YT_LEAKY_RELU); break; \
  case YT_SIGMOID: CALL(YT_SIGMOID); break; \
  case YT_RELU6: CALL(YT_RELU6); break; \
  case YT_HARD_SWISH: CALL(YT_HARD_SWISH); break; \
  default: CALL(YT_IDENTITY); break; \
  }

DISPATCHED void yt_affine_activation(const float *x, float *y, long n, float scale, float offset,
                                     int activation) {
#define FORWARD(KIND) forward(x, y, n, scale, offset, KIND)
  FOR_EACH_ACTIVATION(FORWARD)
}

DISPATCHED void yt_affine_activation_backward(const float *x, float *d, long n, float scale, float offset,
                                              float mean, int activation, double *sum, double *product) {
#define BACKWARD(KIND) backward(x, d, n, scale, offset, mean, KIND, sum, product)
  FOR_EACH_ACTIVATION(BACKWARD)
}

DISPATCHED void yt_normalization_backward(const float *restrict x, float *restrict d, long n, float scale,
                                          float x_scale, float offset) {
  for (long i = 0; i < n; i++) d[i] = scale * d[i] + x_scale * x[i] + offset;
}

DISPATCHED void yt_sgd_nesterov(float *restrict weight, const float *restrict gradient, float *restrict buffer,
                                long n, float rate, float momentum, float decay) {
  for (long i = 0; i < n; i++) {
    float direction = gradient[i] + decay * weight[i];
    float velocity = momentum * buffer[i] + direction;
    buffer[i] = velocity;
    weight[i] -= rate * (direction + momentum * velocity);
  }
}

DISPATCHED void yt_average(float *restrict average, const float *restrict value, long n, float decay) {
  for (long i = 0; i < n; i++) average[i] = decay * average[i] + (1.0f - decay) * value[i];
}

DISPATCHED int yt_all_finite(const float *x, long n) {
  // In integers, because a sum of floats cannot be vectorised without changing its order.
  unsigned found = 0;
  for (long i = 0; i < n; i++) {
    unsigned bits;
    __builtin_memcpy(&bits, x + i, sizeof bits);
    found |= (bits & 0x7F800000u) == 0x7F800000u;
  }
  return !found;
}

DISPATCHED void yt_squares(const float *x, long n, double *sum) {
  double total = 0;
  for (long i = 0; i < n; i++) total += (double)x[i] * x[i];
  *sum += total;
}

DISPATCHED void yt_scale(float *x, long n, float factor) {
  for (long i = 0; i < n; i++) x[i] *= factor;
}

// The kernels of training on row-major float32 planes. They neither allocate nor start threads.
#pragma once

enum { YT_IDENTITY, YT_SILU, YT_RELU, YT_LEAKY_RELU, YT_SIGMOID, YT_RELU6, YT_HARD_SWISH };

// y = x + y.
void yt_add(float *y, const float *x, long n);
// Adds sum(x - shift) and sum((x - shift)^2).
void yt_moments(const float *x, long n, float shift, double *sum, double *squares);
// Adds sum(x).
void yt_sum(const float *x, long n, double *sum);

// y = activation(scale * x + offset).
void yt_affine_activation(const float *x, float *y, long n, float scale, float offset, int activation);
// d holds dL/dy and receives dL/dz, z = scale * x + offset. Adds sum(dz) and sum(dz * (x - mean)).
void yt_affine_activation_backward(const float *x, float *d, long n, float scale, float offset, float mean,
                                   int activation, double *sum, double *product);
// d = scale * d + x_scale * x + offset.
void yt_normalization_backward(const float *x, float *d, long n, float scale, float x_scale, float offset);

// columns[(c * k + ky) * k + kx][(oy - top) * ow + ox] = x[c][oy * stride + ky - pad][ox * stride + kx - pad], 0 outside,
// for the result's rows top <= oy < bottom.
void yt_im2col(const float *x, float *columns, int channels, int height, int width, int kernel, int stride, int top,
               int bottom);
// The adjoint of yt_im2col: adds every column entry to its source element.
void yt_col2im(const float *columns, float *x, int channels, int height, int width, int kernel, int stride, int top,
               int bottom);

// One plane of a depthwise convolution. `padded` is scratch of (height + kernel - 1) * (width + kernel - 1).
void yt_depthwise(const float *x, const float *weight, float *y, int height, int width, int kernel, int stride,
                  float *padded);
// dx = (or +=, with accumulate) the gradient of x; dweight += the gradient of weight. dx may be null.
void yt_depthwise_backward(const float *x, const float *weight, const float *dy, float *dx, float *dweight,
                           int height, int width, int kernel, int stride, int accumulate, float *padded);

// Stride 1, same size. `rows` and `columns` are scratch of height * width, `line` of width + kernel, `places` of width.
void yt_max_pool(const float *x, float *y, int height, int width, int kernel, float *rows, int *columns, float *line,
                 int *places);
// dx += dy at the first maximum of each window.
void yt_max_pool_backward(const float *x, const float *dy, float *dx, int height, int width, int kernel,
                          float *rows, int *columns, float *line, int *places);

// buffer = momentum * buffer + (gradient + decay * weight); weight -= rate * (gradient + decay * weight + momentum * buffer).
void yt_sgd_nesterov(float *weight, const float *gradient, float *buffer, long n, float rate, float momentum,
                     float decay);
// average = decay * average + (1 - decay) * value.
void yt_average(float *average, const float *value, long n, float decay);

// Nonzero if no number is NaN or infinite.
int yt_all_finite(const float *x, long n);
// Adds sum(x^2).
void yt_squares(const float *x, long n, double *sum);
// x = factor * x.
void yt_scale(float *x, long n, float factor);

// Pooling over clipped windows, channels last. Backward passes gather: every input element adds up the windows that hold it, so
// no order is left to chance.
#include "pooling/parameters.cuh"

namespace {

struct PoolingAxis {
  int from, to;  // of the other side's positions
};

/// Input positions of a window along one axis, clipped at the border.
DEVICE PoolingAxis window(int output, int stride, int pad, int extent, int input) {
  int from = output * stride - pad;
  return {from < 0 ? 0 : from, from + extent < input ? from + extent : input};
}

/// Windows along one axis that hold an input position.
DEVICE PoolingAxis windows_over(int input, int stride, int pad, int extent, int output) {
  int reached = input + pad, from = reached < extent ? 0 : (reached - extent) / stride + 1, to = reached / stride + 1;
  return {from, to < output ? to : output};
}

/// The parts of an element's number in (samples, size, channels).
struct PoolingElement {
  int channel, depth, height, width;
  long long sample;

  DEVICE PoolingElement(long long i, const PoolingSize& size, int channels) {
    channel = static_cast<int>(i % channels);
    i /= channels;
    width = static_cast<int>(i % size.width);
    i /= size.width;
    height = static_cast<int>(i % size.height);
    i /= size.height;
    depth = static_cast<int>(i % size.depth);
    sample = i / size.depth;
  }
};

DEVICE long long element_of(
    long long sample, int depth, int height, int width, int channel, const PoolingSize& size, int channels) {
  return (((sample * size.depth + depth) * size.height + height) * size.width + width) * channels + channel;
}

/// Calls visit(input element, tap) for the elements of an output's window, depth-major.
template <class Visit>
DEVICE void each_in_window(const PoolingParameters& p, const PoolingElement& at, Visit visit) {
  PoolingAxis d = window(at.depth, p.stride.depth, p.pad.depth, p.window.depth, p.input.depth),
              h = window(at.height, p.stride.height, p.pad.height, p.window.height, p.input.height),
              w = window(at.width, p.stride.width, p.pad.width, p.window.width, p.input.width);
  for (int id = d.from; id < d.to; id++)
    for (int ih = h.from; ih < h.to; ih++)
      for (int iw = w.from; iw < w.to; iw++) {
        int tap =
            ((id - at.depth * p.stride.depth + p.pad.depth) * p.window.height + ih - at.height * p.stride.height + p.pad.height) *
                p.window.width +
            iw - at.width * p.stride.width + p.pad.width;
        visit(element_of(at.sample, id, ih, iw, at.channel, p.input, p.channels), tap);
      }
}

/// Calls visit(output element, tap of this input in its window, elements in the window) for the windows over an input, in order.
template <class Visit>
DEVICE void each_window_over(const PoolingParameters& p, const PoolingElement& at, Visit visit) {
  PoolingAxis d = windows_over(at.depth, p.stride.depth, p.pad.depth, p.window.depth, p.output.depth),
              h = windows_over(at.height, p.stride.height, p.pad.height, p.window.height, p.output.height),
              w = windows_over(at.width, p.stride.width, p.pad.width, p.window.width, p.output.width);
  for (int od = d.from; od < d.to; od++)
    for (int oh = h.from; oh < h.to; oh++)
      for (int ow = w.from; ow < w.to; ow++) {
        PoolingAxis wd = window(od, p.stride.depth, p.pad.depth, p.window.depth, p.input.depth),
                    wh = window(oh, p.stride.height, p.pad.height, p.window.height, p.input.height),
                    ww = window(ow, p.stride.width, p.pad.width, p.window.width, p.input.width);
        int tap =
            ((at.depth - od * p.stride.depth + p.pad.depth) * p.window.height + at.height - oh * p.stride.height + p.pad.height) *
                p.window.width +
            at.width - ow * p.stride.width + p.pad.width;
        visit(
            element_of(at.sample, od, oh, ow, at.channel, p.output, p.channels), tap,
            (wd.to - wd.from) * (wh.to - wh.from) * (ww.to - ww.from));
      }
}

}  // namespace

/// y = maximum of the window; choice = tap of the first maximum.
KERNEL(max_pool_forward, 256, PoolingParameters) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) {
    float best = 0;
    int chosen = -1;
    each_in_window(p, PoolingElement(i, p.output, p.channels), [&](long long element, int tap) {
      float value = p.source[element];
      if (chosen >= 0 && !(value > best)) return;
      best = value;
      chosen = tap;
    });
    p.target[i] = best;
    p.choice[i] = static_cast<uint8_t>(chosen);
  }
}

KERNEL(max_pool_backward, 256, PoolingParameters) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) {
    float sum = 0;
    each_window_over(p, PoolingElement(i, p.input, p.channels), [&](long long element, int tap, int) {
      if (p.choice[element] == tap) sum += p.source[element];
    });
    p.target[i] = sum;
  }
}

KERNEL(average_pool_forward, 256, PoolingParameters) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) {
    float sum = 0;
    int elements = 0;
    each_in_window(p, PoolingElement(i, p.output, p.channels), [&](long long element, int) {
      sum += p.source[element];
      elements++;
    });
    p.target[i] = sum / elements;
  }
}

KERNEL(average_pool_backward, 256, PoolingParameters) {
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.count; i += gridDim.x * 256ll) {
    float sum = 0;
    each_window_over(p, PoolingElement(i, p.input, p.channels), [&](long long element, int, int elements) {
      sum += p.source[element] / elements;
    });
    p.target[i] = sum;
  }
}

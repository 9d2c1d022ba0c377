// Pooling over clipped windows, channels last. Backward passes gather: every input element adds up the windows that hold it, so
// no order is left to chance.
#include "common/vector_access.cuh"
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
template <class Divide>
DEVICE PoolingAxis windows_over(int input, int pad, int extent, int output, Divide by_stride) {
  int reached = input + pad, from = reached < extent ? 0 : by_stride(reached - extent) + 1, to = by_stride(reached) + 1;
  return {from, to < output ? to : output};
}

/// A thread's part of a row of the target: blockIdx.x counts the rows, blockIdx.y tiles of lanes * Width channels. It keeps its
/// channels and goes along the width.
template <int Width>
struct PoolingRow {
  int channel, depth, height, first, step;
  long long sample, target;
  bool inside;

  DEVICE PoolingRow(const PoolingParameters& p, const PoolingSize& size) {
    channel = (blockIdx.y * p.lanes + threadIdx.x % p.lanes) * Width;
    inside = channel < p.channels;
    first = threadIdx.x / p.lanes;
    step = 256 / p.lanes;
    int row = blockIdx.x;
    height = row % size.height;
    depth = row / size.height % size.depth;
    sample = row / size.height / size.depth;
    target = static_cast<long long>(row) * size.width * p.channels + channel;
  }

  /// The first channel of this thread at a place of the other side.
  DEVICE long long element(const PoolingParameters& p, const PoolingSize& size, int d, int h, int w) const {
    return (((sample * size.depth + d) * size.height + h) * size.width + w) * p.channels + channel;
  }
};

DEVICE int tap_of(const PoolingParameters& p, int depth, int height, int width) {
  return (depth * p.window.height + height) * p.window.width + width;
}

/// Calls visit(output, input element, tap) for the elements of every window of an output row, depth-major, and then done(output,
/// number of elements).
template <int Width, class Begin, class Visit, class Done>
DEVICE void each_window(const PoolingParameters& p, Begin begin, Visit visit, Done done) {
  PoolingRow<Width> row(p, p.output);
  if (!row.inside) return;
  PoolingAxis d = window(row.depth, p.stride.depth, p.pad.depth, p.window.depth, p.input.depth),
              h = window(row.height, p.stride.height, p.pad.height, p.window.height, p.input.height);
  int first_depth = row.depth * p.stride.depth - p.pad.depth, first_height = row.height * p.stride.height - p.pad.height;
  for (int output = row.first; output < p.output.width; output += row.step) {
    PoolingAxis w = window(output, p.stride.width, p.pad.width, p.window.width, p.input.width);
    int first_width = output * p.stride.width - p.pad.width;
    begin();
    for (int id = d.from; id < d.to; id++)
      for (int ih = h.from; ih < h.to; ih++)
        for (int iw = w.from; iw < w.to; iw++)
          visit(row.element(p, p.input, id, ih, iw), tap_of(p, id - first_depth, ih - first_height, iw - first_width));
    done(row.target + output * p.channels, (d.to - d.from) * (h.to - h.from) * (w.to - w.from));
  }
}

/// Calls visit(output element, tap of this input in its window, elements in the window) for the windows over every input of a
/// row, in order, and then done(input).
template <int Width, class Begin, class Visit, class Done>
DEVICE void each_input(const PoolingParameters& p, Begin begin, Visit visit, Done done) {
  PoolingRow<Width> row(p, p.input);
  if (!row.inside) return;
  PoolingAxis d = windows_over(row.depth, p.pad.depth, p.window.depth, p.output.depth, [&](int n) { return n / p.stride.depth; }),
              h = windows_over(
                  row.height, p.pad.height, p.window.height, p.output.height, [&](int n) { return n / p.stride.height; });
  for (int input = row.first; input < p.input.width; input += row.step) {
    PoolingAxis w = windows_over(input, p.pad.width, p.window.width, p.output.width, [&](int n) {
      return p.width_inverse == 0 ? n : static_cast<int>(__umulhi(static_cast<uint32_t>(n), p.width_inverse));
    });
    begin();
    for (int od = d.from; od < d.to; od++)
      for (int oh = h.from; oh < h.to; oh++)
        for (int ow = w.from; ow < w.to; ow++) {
          PoolingAxis wd = window(od, p.stride.depth, p.pad.depth, p.window.depth, p.input.depth),
                      wh = window(oh, p.stride.height, p.pad.height, p.window.height, p.input.height),
                      ww = window(ow, p.stride.width, p.pad.width, p.window.width, p.input.width);
          int tap = tap_of(
              p, row.depth - od * p.stride.depth + p.pad.depth, row.height - oh * p.stride.height + p.pad.height,
              input - ow * p.stride.width + p.pad.width);
          visit(row.element(p, p.output, od, oh, ow), tap, (wd.to - wd.from) * (wh.to - wh.from) * (ww.to - ww.from));
        }
    done(row.target + input * p.channels);
  }
}

template <int Width>
DEVICE void max_forward(const PoolingParameters& p) {
  float best[Width] = {};
  int chosen[Width];
  each_window<Width>(
      p,
      [&] {
        for (int i = 0; i < Width; i++) chosen[i] = -1;
      },
      [&](long long element, int tap) {
        float values[Width];
        load(values, p.source + element);
#pragma unroll
        for (int i = 0; i < Width; i++) {
          if (chosen[i] >= 0 && !(values[i] > best[i])) continue;
          best[i] = values[i];
          chosen[i] = tap;
        }
      },
      [&](long long element, int) {
        store(p.target + element, best);
#pragma unroll
        for (int i = 0; i < Width; i++) p.choice[element + i] = static_cast<uint8_t>(chosen[i]);
      });
}

template <int Width>
DEVICE void max_backward(const PoolingParameters& p) {
  float sum[Width];
  each_input<Width>(
      p,
      [&] {
        for (int i = 0; i < Width; i++) sum[i] = 0;
      },
      [&](long long element, int tap, int) {
        float values[Width];
        load(values, p.source + element);
#pragma unroll
        for (int i = 0; i < Width; i++)
          if (p.choice[element + i] == tap) sum[i] += values[i];
      },
      [&](long long element) { store(p.target + element, sum); });
}

}  // namespace

/// y = maximum of the window; choice = tap of the first maximum.
KERNEL(max_pool_forward, 256, PoolingParameters) { max_forward<1>(p); }
KERNEL(max_pool_forward_8, 256, PoolingParameters) { max_forward<8>(p); }
KERNEL(max_pool_backward, 256, PoolingParameters) { max_backward<1>(p); }
KERNEL(max_pool_backward_8, 256, PoolingParameters) { max_backward<8>(p); }

KERNEL(average_pool_forward, 256, PoolingParameters) {
  float sum;
  each_window<1>(
      p, [&] { sum = 0; }, [&](long long element, int) { sum += p.source[element]; },
      [&](long long element, int elements) { p.target[element] = sum / elements; });
}

KERNEL(average_pool_backward, 256, PoolingParameters) {
  float sum;
  each_input<1>(
      p, [&] { sum = 0; }, [&](long long element, int, int elements) { sum += p.source[element] / elements; },
      [&](long long element) { p.target[element] = sum; });
}

// The weight gradient on tensor cores (sm_80 and later). A block has a box of taps, as a rule all of them, some planes of eight
// channels and up to 32 outputs. What it loads of x, through the input transform, and of gy serves all of its taps. Eight warps
// share the rows of the product, which are pairs of tap and channel; a tap is a shift of x's address. Rows beyond a warp's
// registers are another block's, warps beyond the rows take other positions of the same tile.
#pragma once
#include "convolution/plane_filler.cuh"

template <int Parts, int Rows, int Columns>
struct MmaWeightGradient {
  static constexpr int kThreads = 256, kWarps = kThreads / 32, kStep = 16, kMostPositions = 256, kMostUnits = 128,
                       kMostChannels = 128;

  /// Columns whose gradients stay in registers for all rows of a warp, and pairs of them.
  static constexpr int kTogether = Parts == 3 && Columns > 2 ? 2 : Columns, kPairs = (kTogether + 1) / 2;

  using Filler = PlaneFiller<Parts>;

  /// A pair of tap and channel that is a channel of its own: how far from the window's first position it reads. Those beyond the
  /// last are as the first; nobody stores their rows.
  struct FoldedRow {
    Size3 shift;
    int channel;
  };

  /// Eight rows of the product: channels of a plane under a tap.
  struct Unit {
    int offset;     // bytes from the halo's element
    int first_row;  // of the gradient, whose rows are pairs of tap and channel
    int rows;       // that exist
  };

  /// What all warps of a block agree on. Where taps are folded into the channels, there are kernel.count() *
  /// channels channels, and `taps` is one.
  struct Block {
    int channels, first_channel, first_output, tiles;
    Size3 first_tap, inner_from, inner_size;  // outputs all of whose taps are in the image
    int stages, stage_bytes, x_bytes;         // where the stages are in shared memory, bytes of one, and of x in it
    float* partial;

    /// The first output along an axis whose taps begin in the image.
    DEVICE static int first_whole(int pad, int stride) { return (pad + stride - 1) / stride; }

    /// Outputs along an axis whose taps end in the image, which ends at `end` behind the padding.
    DEVICE static int whole(int end, int taps, int dilation, int stride) {
      int last = end - 1 - (taps - 1) * dilation;
      return last < 0 ? 0 : last / stride + 1;
    }

    DEVICE explicit Block(const WeightGradientParameters& p, int header_bytes) {
      Size3 groups = {p.kernel.depth / p.taps.depth, p.kernel.height / p.taps.height, p.kernel.width / p.taps.width};
      Size3 group = unflatten(blockIdx.y, groups);
      first_tap = {group.depth * p.taps.depth, group.height * p.taps.height, group.width * p.taps.width};
      channels = p.folded ? p.kernel.count() * p.channels : p.channels;
      first_channel = static_cast<int>(blockIdx.x) % p.channel_tiles * p.x_fill.planes * 8;
      first_output = static_cast<int>(blockIdx.x) / p.channel_tiles * Columns * 8;
      inner_from = {
          first_whole(p.pad.depth, p.stride.depth), first_whole(p.pad.height, p.stride.height),
          first_whole(p.pad.width, p.stride.width)};
      Size3 inner_to = {
          whole(p.input.depth + p.pad.depth, p.kernel.depth, p.dilation.depth, p.stride.depth),
          whole(p.input.height + p.pad.height, p.kernel.height, p.dilation.height, p.stride.height),
          whole(p.input.width + p.pad.width, p.kernel.width, p.dilation.width, p.stride.width)};
      inner_size = inner_to - inner_from;
      int all = p.samples * p.tiles.count(), from = blockIdx.z * p.tiles_per_split;
      tiles = from + p.tiles_per_split < all ? p.tiles_per_split : all - from;
      stages = header_bytes + (p.halo.count() * static_cast<int>(sizeof(BoxElement)) + 15) / 16 * 16;
      x_bytes = Parts * p.x_fill.planes * p.x_fill.pitch * 16;
      stage_bytes = x_bytes + Parts * Columns * p.gy_fill.pitch * 16;
      partial = p.partial + static_cast<long long>(blockIdx.z) * p.kernel.count() * p.channels * p.outputs;
    }
  };

  /// In shared memory, as registers are what limits the sums.
  struct Header {
    Block block;
    TileWalk walks[2];  // the tile to be loaded next, and the one after it, by turns
    BoxElement tile[kMostPositions];
    int halo[kMostPositions];  // element of the halo that a position of the tile reads under the first tap
    Unit units[kMostUnits];
    int offsets[kMostChannels];  // of folded rows, in floats from the window's first
    FoldedRow folded[kMostChannels];
    alignas(16) float scale[kMostChannels];
    alignas(16) float shift[kMostChannels];
  };
  static_assert(sizeof(Header) == 8304, "the launch adds the bytes of the halo's elements and of the stages");

  /// The rows of a warp: every 2^row_bits-th sixteen of the block's, each of two units.
  struct WarpRows {
    int first, total;   // sixteens: this warp's first, and the block's
    int offsets[Rows];  // of the unit whose rows this lane points at

    DEVICE WarpRows(const WeightGradientParameters& p, const Header& header, int thread)
        : first(thread / 32 & ((1 << p.row_bits) - 1)), total((units_of(p) + 1) / 2) {
#pragma unroll
      for (int i = 0; i < Rows; i++) offsets[i] = header.units[(2 * number(p, i) + thread / 8 % 2) % kMostUnits].offset;
    }

    DEVICE int number(const WeightGradientParameters& p, int i) const { return first + (i << p.row_bits); }
  };

  DEVICE static int units_of(const WeightGradientParameters& p) { return p.taps.count() * p.x_fill.planes; }

  /// The input position under the first tap of an output position.
  DEVICE static Size3 window(const WeightGradientParameters& p, const Size3& first_tap, const Size3& output) {
    return {
        output.depth * p.stride.depth + first_tap.depth * p.dilation.depth - p.pad.depth,
        output.height * p.stride.height + first_tap.height * p.dilation.height - p.pad.height,
        output.width * p.stride.width + first_tap.width * p.dilation.width - p.pad.width};
  }

  /// What does not change from tile to tile.
  DEVICE static void prepare(const WeightGradientParameters& p, Header& header, BoxElement* halo) {
    int thread = threadIdx.x;
    Block block(p, sizeof(Header));
    if (thread == 0) {
      header.block = block;
      header.walks[1] = TileWalk(p, blockIdx.z * p.tiles_per_split);
    }
    const Size3 one = {1, 1, 1};
    for (int i = thread; i < p.halo.count(); i += kThreads)
      halo[i] = BoxElement::of(i, p.halo, p.input, p.folded ? p.stride : one);
    if (thread < p.gy_fill.positions) {
      Size3 at = unflatten(thread, p.tile);
      int first =
          (at.depth * p.stride.depth * p.halo.height + at.height * p.stride.height) * p.halo.width + at.width * p.stride.width;
      bool exists = thread < p.tile.count();
      header.tile[thread] = exists ? BoxElement::of(thread, p.tile, p.output, one) : BoxElement{BoxElement::kNowhere, 0};
      header.halo[thread] = p.folded ? thread : exists ? first : 0;
    }
    if (thread < kMostUnits) {
      int plane = thread % p.x_fill.planes, channel = block.first_channel + plane * 8, left = block.channels - channel;
      Size3 tap = unflatten(thread / p.x_fill.planes, p.taps), of_kernel = block.first_tap + tap;
      int position = (tap.depth * p.dilation.depth * p.halo.height + tap.height * p.dilation.height) * p.halo.width +
                     tap.width * p.dilation.width;
      bool exists = thread < units_of(p);
      header.units[thread] = {
          exists ? (position + plane * p.x_fill.pitch) * 16 : 0,
          ((of_kernel.depth * p.kernel.height + of_kernel.height) * p.kernel.width + of_kernel.width) * block.channels + channel,
          exists ? left : 0};
    }
    if (p.folded && thread < p.x_fill.planes * 8) {
      int row = block.first_channel + thread < block.channels ? block.first_channel + thread : 0, channel = row % p.channels;
      Size3 tap = unflatten(row / p.channels, p.kernel);
      Size3 shift = {tap.depth * p.dilation.depth, tap.height * p.dilation.height, tap.width * p.dilation.width};
      header.folded[thread] = {shift, channel};
      header.offsets[thread] =
          ((shift.depth * p.input.height + shift.height) * p.input.width + shift.width) * p.channels + channel;
    }
  }

  /// Reads the scale and shift of the block's channels; of dropout alone, and beyond the last channel, they change nothing.
  DEVICE static void load_coefficients(const WeightGradientParameters& p, Header& header, int sample) {
    int thread = threadIdx.x, channel = header.block.first_channel + thread;
    if (thread >= p.x_fill.planes * 8) return;
    bool given = p.transform.scale != nullptr && channel < p.channels;
    long long element = static_cast<long long>(sample) * p.channels + channel;
    header.scale[thread] = given ? p.transform.scale[element] : 1.0f;
    header.shift[thread] = given ? p.transform.shift[element] : 0.0f;
  }

  /// Fills planes of folded rows: what the taps of an output position read, beside each other.
  DEVICE static void load_folded(
      const WeightGradientParameters& p, const Block& block, TileWalk walk, int start, const Header& header,
      const BoxElement* halo, char* target) {
    int plane = opaque(threadIdx.x) - start * p.x_fill.planes;
    if (start >= p.x_fill.together) return;
    const FoldedRow* rows = header.folded + plane * 8;
    const int* offsets = header.offsets + plane * 8;
    const float* x = static_cast<const float*>(p.x) + static_cast<long long>(walk.sample) * p.input.count() * p.channels;
    Size3 origin = walk.first(p.tile), from = window(p, {0, 0, 0}, origin);
    BoxClip tile(origin, p.tile, p.output), inner(origin - block.inner_from, p.tile, block.inner_size);
    int first = (from.depth * p.input.height + from.height) * p.input.width + from.width;
    target += plane * p.x_fill.pitch * 16;
#pragma unroll 1
    for (int m = start; m < p.x_fill.positions; m += p.x_fill.together) {
      BoxElement element = header.tile[m];
      float values[8] = {};
      if (inner.holds(element)) {
        const float* source = x + (first + halo[m].offset) * p.channels;
#pragma unroll
        for (int i = 0; i < 8; i++) values[i] = source[offsets[i]];
      } else if (tile.holds(element)) {
        Size3 at = window(p, {0, 0, 0}, origin + element.coordinates());
#pragma unroll
        for (int i = 0; i < 8; i++) {
          int position = input_position(at + rows[i].shift, p.input, p.symmetric);
          if (position >= 0) values[i] = x[position * p.channels + rows[i].channel];
        }
      }
      Filler::put(p.x_fill, target, m, values);
    }
  }

  /// This thread's share of x of a tile. `start`: its first position in planes of x.
  template <class Element>
  DEVICE static void load_input(
      const WeightGradientParameters& p, const Block& block, const TileWalk& walk, int start, const Header& header,
      const BoxElement* halo, char* target) {
    Size3 from = window(p, block.first_tap, walk.first(p.tile));
    BoxClip clip(from, p.halo, p.input);
    BoxMirror mirror{from, p.input};
    if constexpr (sizeof(Element) == sizeof(BFloat16)) {
      if (p.symmetric) load_input<Element>(p, block, walk, start, header, halo, mirror, target);
      else load_input<Element>(p, block, walk, start, header, halo, clip, target);
    } else {
      auto position_of = [&](const BoxElement& element) { return p.symmetric ? mirror(element) : clip(element); };
      load_input<Element>(p, block, walk, start, header, halo, position_of, target);
    }
  }

  template <class Element, class PositionOf>
  DEVICE static void load_input(
      const WeightGradientParameters& p, const Block& block, const TileWalk& walk, int start, const Header& header,
      const BoxElement* halo, const PositionOf& position_of, char* target) {
    Filler::load(
        p.x_fill, start, static_cast<const Element*>(p.x), walk.sample, p.input.count(), block.first_channel, p.channels,
        p.transform, header.scale, header.shift, halo, position_of, target);
  }

  /// This thread's share of gy of a tile.
  template <class Element>
  DEVICE static void load_gradient(
      const WeightGradientParameters& p, const Block& block, const TileWalk& walk, const Header& header, char* target) {
    BoxClip clip(walk.first(p.tile), p.tile, p.output);
    Filler::load(
        p.gy_fill, opaque(threadIdx.x) / Columns, static_cast<const Element*>(p.gy), walk.sample, p.output.count(),
        block.first_output, p.outputs, InputTransform::none(), nullptr, nullptr, header.tile, clip, target);
  }

  DEVICE static void load(
      const WeightGradientParameters& p, const Block& block, const TileWalk& walk, int x_start, const Header& header,
      const BoxElement* halo, char* stage) {
    if constexpr (Parts == 1) {
      // What is copied comes first: it is under way during the rest.
      if (p.gy_bfloat16) load_gradient<BFloat16>(p, block, walk, header, stage + block.x_bytes);
      else load_gradient<float>(p, block, walk, header, stage + block.x_bytes);
      if (p.x_bfloat16) load_input<BFloat16>(p, block, walk, x_start, header, halo, stage);
      else if (p.folded) load_folded(p, block, walk, x_start, header, halo, stage);
      else load_input<float>(p, block, walk, x_start, header, halo, stage);
      copy_async_commit();
    } else {
      if (p.folded) load_folded(p, block, walk, x_start, header, halo, stage);
      else load_input<float>(p, block, walk, x_start, header, halo, stage);
      load_gradient<float>(p, block, walk, header, stage + block.x_bytes);
    }
  }

  /// Adds the products of a tile to this warp's sums, the small ones first.
  DEVICE static void multiply(
      const WeightGradientParameters& p, const Block& block, const Header& header, const char* stage,
      float (&sums)[Rows][Columns][4]) {
    int thread = opaque(threadIdx.x), lane = thread % 32, first = (thread / 32 >> p.row_bits) * kStep,
        step = (kWarps >> p.row_bits) * kStep, part_bytes = p.x_fill.planes * p.x_fill.pitch * 16;
    WarpRows rows(p, header, thread);
    const int* halo = header.halo + lane / 16 * 8 + lane % 8;
    const char* gy = stage + block.x_bytes + ((lane / 16 % Columns) * p.gy_fill.pitch + lane / 8 % 2 * 8 + lane % 8) * 16;
#pragma unroll 1
    for (int k = first; k < p.gy_fill.positions; k += step) {
      const char* x = stage + halo[k] * 16;
#pragma unroll
      for (int column = 0; column < Columns; column += kTogether) {
        uint32_t b[Parts][kPairs][4];
#pragma unroll
        for (int part = 0; part < Parts; part++)
#pragma unroll
          for (int j = 0; j < kPairs; j++)
            load_matrices_transposed(b[part][j], gy + ((part * Columns + column + j * 2) * p.gy_fill.pitch + k) * 16);
#pragma unroll
        for (int i = 0; i < Rows; i++) {
          if (rows.number(p, i) >= rows.total) continue;
          uint32_t a[Parts][4];
#pragma unroll
          for (int part = 0; part < Parts; part++) load_matrices_transposed(a[part], x + rows.offsets[i] + part * part_bytes);
#pragma unroll
          for (int order = Parts - 1; order >= 0; order--)
#pragma unroll
            for (int part = 0; part <= order; part++)
#pragma unroll
              for (int j = 0; j < kTogether; j++)
                multiply_accumulate(
                    sums[i][column + j], a[part], b[order - part][j / 2][j % 2 * 2], b[order - part][j / 2][j % 2 * 2 + 1]);
        }
      }
    }
  }

  /// The same in two parts and more. Tensor cores cut off low bits when they align addends: short sums, added up in float.
  DEVICE static void accumulate(
      const WeightGradientParameters& p, const Block& block, const Header& header, const char* stage,
      float (&sums)[Rows][Columns][4]) {
    if constexpr (Parts == 1) {
      multiply(p, block, header, stage, sums);
    } else {
      float tile_sums[Rows][Columns][4] = {};
      multiply(p, block, header, stage, tile_sums);
#pragma unroll
      for (int i = 0; i < Rows; i++)
#pragma unroll
        for (int j = 0; j < Columns; j++)
#pragma unroll
          for (int e = 0; e < 4; e++) sums[i][j][e] += tile_sums[i][j][e];
    }
  }

  /// Adds the sums of warps with the same rows, the upper half to the lower one until one is left.
  DEVICE static void combine(const WeightGradientParameters& p, char* shared, float (&sums)[Rows][Columns][4]) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    for (int warps = kWarps / 2; warps >= 1 << p.row_bits; warps /= 2) {
      float4* exchange = reinterpret_cast<float4*>(shared) + (warp & (warps - 1)) * Rows * Columns * 32 + lane;
      if (warp >= warps && warp < 2 * warps) {
#pragma unroll
        for (int i = 0; i < Rows; i++)
#pragma unroll
          for (int j = 0; j < Columns; j++)
            exchange[(i * Columns + j) * 32] = make_float4(sums[i][j][0], sums[i][j][1], sums[i][j][2], sums[i][j][3]);
      }
      __syncthreads();
      if (warp < warps) {
#pragma unroll
        for (int i = 0; i < Rows; i++)
#pragma unroll
          for (int j = 0; j < Columns; j++) {
            float4 other = exchange[(i * Columns + j) * 32];
            sums[i][j][0] += other.x;
            sums[i][j][1] += other.y;
            sums[i][j][2] += other.z;
            sums[i][j][3] += other.w;
          }
      }
      __syncthreads();  // the next half overwrites what was read here
    }
  }

  /// Thread element e of a product is row lane / 4 + 8 (e / 2), column 2 (lane % 4) + e % 2.
  DEVICE static void store(
      const WeightGradientParameters& p, const Block& block, const Header& header, const float (&sums)[Rows][Columns][4]) {
    int thread = threadIdx.x, row = thread % 32 / 4, first_output = block.first_output + thread % 4 * 2;
    WarpRows rows(p, header, thread);
    if (thread / 32 >= 1 << p.row_bits) return;
#pragma unroll
    for (int i = 0; i < Rows; i++)
#pragma unroll
      for (int half = 0; half < 2; half++) {
        int number = 2 * rows.number(p, i) + half;
        if (number >= kMostUnits || row >= header.units[number].rows) continue;
        float* target = block.partial + static_cast<long long>(header.units[number].first_row + row) * p.outputs;
#pragma unroll
        for (int j = 0; j < Columns; j++)
#pragma unroll
          for (int e = 0; e < 2; e++)
            if (first_output + j * 8 + e < p.outputs) target[first_output + j * 8 + e] = sums[i][j][half * 2 + e];
      }
  }

  DEVICE static void run(const WeightGradientParameters& p) {
    DYNAMIC_SHARED(shared);
    Header& header = *reinterpret_cast<Header*>(shared);
    BoxElement* halo = reinterpret_cast<BoxElement*>(shared + sizeof(Header));
    prepare(p, header, halo);
    __syncthreads();
    const Block& block = header.block;
    int half = threadIdx.x / (kThreads / 2), x_start = static_cast<int>(threadIdx.x) / p.x_fill.planes;
    float sums[Rows][Columns][4] = {};
#pragma unroll 1
    for (int step = -1; step < block.tiles; step++) {
      const TileWalk& next = header.walks[step & 1];
      if (!p.transform.identity() && step + 1 < block.tiles && (step < 0 || next.begins_sample())) {
        load_coefficients(p, header, next.sample);
        __syncthreads();
      }
      // While one half of the warps loads the next tile the other multiplies this one, and then the other way round.
#pragma unroll 1
      for (int turn = 0; turn < 2; turn++) {
        if (turn != half) {
          if (step >= 0) accumulate(p, block, header, shared + block.stages + (step & 1) * block.stage_bytes, sums);
        } else if (step + 1 < block.tiles) {
          load(p, block, next, x_start, header, halo, shared + block.stages + ((step + 1) & 1) * block.stage_bytes);
        }
      }
      if constexpr (Parts == 1) copy_async_wait<0>();
      if (threadIdx.x == 0) header.walks[(step + 1) & 1] = next.following(p.tiles);
      __syncthreads();
    }
    combine(p, shared + block.stages, sums);
    store(p, block, header, sums);
  }
};

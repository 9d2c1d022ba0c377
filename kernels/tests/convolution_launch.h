// Plans launches of the convolution kernels for the tests: the plainest choice that fits. The engine's own planner is tested
// against the same kernels from C#.
#pragma once
#include <memory>
#include <optional>

#include "convolution_reference.h"

namespace test {

/// A family of kernels: its name, products' precision and tiles.
struct Family {
  std::string name;
  int parts;                     // 0: float arithmetic
  int gather_tile, weight_tile;  // the latter of outputs
  int weight_rows;               // of mma: sixteens of the weight gradient's rows that a warp has at most
  double tolerance;              // relative to the sum of the products' magnitudes
  bool warpgroups = false;  // Hopper's, which take multiples of eight channels, of two outputs, and no stride along the width;
                            // the weight gradient only 3x3 taps
  int few_channels = 0;     // of mma: channels of a chunk of the gather where there are few

  std::string gather_name() const {
    return (warpgroups ? "wgmma_" : "") + name + (few_channels ? "_c" + std::to_string(few_channels) : "");
  }
  bool takes_operands() const { return warpgroups && parts == 1; }
  int positions() const { return warpgroups && parts < 3 ? 256 : 128; }
  int widest_chunk() const { return parts == 3 ? 16 : 32; }
  int chunk() const { return few_channels ? few_channels : widest_chunk(); }
  bool reads_bfloat16(int channels) const { return parts == 1 && channels % 8 == 0; }
  bool writes_bfloat16(int outputs) const { return parts <= 1 && outputs % 8 == 0; }
  bool takes_data_gradient(const Problem& q) const { return !warpgroups || q.outputs % 8 == 0; }
  bool takes_weight_gradient(const Problem& q) const {
    return !few_channels && (!warpgroups || (q.outputs % 8 == 0 && q.kernel.width % 3 == 0 && q.kernel.height % 3 == 0));
  }
};

inline const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      {"simt", 0, 16, 16, 0, 2e-6},
      {"simt", 0, 64, 64, 0, 2e-6},
      {"bf16", 1, 16, 8, 8, 8e-3},
      {"bf16", 1, 64, 16, 4, 8e-3},
      {"bf16", 1, 64, 32, 4, 8e-3},
      {"bf16x3", 2, 16, 8, 4, 3e-5},
      {"bf16x3", 2, 64, 16, 4, 3e-5},
      {"bf16x3", 2, 64, 32, 2, 3e-5},
      {"bf16x6", 3, 16, 8, 4, 1e-6},
      {"bf16x6", 3, 32, 16, 4, 1e-6},
      {"bf16x6", 3, 32, 32, 2, 1e-6},
      {"bf16", 1, 32, 64, 0, 8e-3, true},
      {"bf16", 1, 64, 64, 0, 8e-3, true},
      {"bf16", 1, 128, 64, 0, 8e-3, true},
      {"bf16x3", 2, 64, 64, 0, 3e-5, true},
      {"bf16x3", 2, 128, 64, 0, 3e-5, true},
      {"bf16x3", 2, 32, 64, 0, 3e-5, true},
      {"bf16x6", 3, 32, 64, 0, 1e-6, true},
      {"bf16x6", 3, 64, 64, 0, 1e-6, true},
      {"bf16x6", 3, 128, 64, 0, 1e-6, true},
      {"bf16", 1, 16, 0, 0, 8e-3, false, 8},
      {"bf16", 1, 64, 0, 0, 8e-3, false, 8},
      {"bf16", 1, 16, 0, 0, 8e-3, false, 16},
      {"bf16", 1, 64, 0, 0, 8e-3, false, 16},
      {"bf16x3", 2, 16, 0, 0, 3e-5, false, 8},
      {"bf16x3", 2, 64, 0, 0, 3e-5, false, 8},
      {"bf16x3", 2, 16, 0, 0, 3e-5, false, 16},
      {"bf16x3", 2, 64, 0, 0, 3e-5, false, 16},
      {"bf16x6", 3, 16, 0, 0, 1e-6, false, 8},
      {"bf16x6", 3, 32, 0, 0, 1e-6, false, 8}};
  return all;
}

inline int round_up(int a, int b) { return (a + b - 1) / b * b; }
inline int divide(int a, int b) { return (a + b - 1) / b; }

/// Positions between planes of eight channels in shared memory (PlaneLoader::pitch).
inline int plane_pitch(int positions, int planes) { return positions + (8 + 8 / planes - positions % 8) % 8; }

/// Input positions along an axis that `taps` taps read for a tile.
inline int reach(int tile, int step, int taps, int tap_step) { return (tile - 1) * step + (taps - 1) * std::abs(tap_step) + 1; }

/// Operands of the wgmma kernels in bf16 as convolution_operand writes them: boxes of positions, from one input coordinate up to
/// another.
struct Operand {
  OperandLayout layout;
  Buffer<std::uint16_t> values;

  Operand(
      const void* x, bool x_bfloat16, int samples, int channels, const Size3& input, bool symmetric,
      const InputTransform& transform, const Size3& from, const Size3& to, int chunk = 100)
      : layout{from, to - from}, values(static_cast<std::size_t>(samples) * channels * layout.extent.count()) {
    int positions = layout.extent.count(), lanes = std::min(4, lanes_of(channels / 8));
    OperandParameters p{x,          values.data(), transform, symmetric,
                        x_bfloat16, input,         layout,    {positions, channels, std::min(positions, chunk), lanes}};
    launch("convolution_operand", divide(positions, p.sweep.chunk), divide(channels / 8, lanes), samples, 256, 0, p);
    if (!values.intact()) { fail("operand wrote outside of its buffer"); }
  }
};

/// The first input coordinate, along an axis, that the first tile of a gather reads.
inline int first_read(int base, int taps, int tap_step) { return base + std::min(0, tap_step * (taps - 1)); }

/// The input coordinate, along an axis, behind the last that tiles of positions read.
inline int end_of_tiles(int from, int tiles, int tile, int step, int halo) { return from + (tiles - 1) * tile * step + halo; }

/// Per-tile statistics that a gather left: (samples, tiles, 4, outputs).
struct Moments {
  std::vector<float> values;
  int tiles = 0;
};

/// A gather with its tiles and packed weights, and how it is launched.
struct PlannedGather {
  Family family;
  GatherParameters p;
  std::unique_ptr<Buffer<unsigned char>> packed;
  int threads;
  std::size_t shared;

  int output_tiles() const { return divide(p.outputs, family.gather_tile); }
};

/// Fills in tiles and halo and packs the weights. `p` has everything that says what to compute.
inline PlannedGather plan_gather(const Family& family, int samples, GatherParameters p, PackParameters pack, Numbers& numbers) {
  // Random tiles: every shape of tile must give the same result. Strides spread the halo; those that do not fit are drawn again.
  int draws = 0;
  do {
    if (draws++ == 20) {  // not even the smallest tile fits: the other tensor-core family, as the engine does it
      Family fallback{family.name,        family.parts,       family.parts == 3 ? 32 : 64,
                      family.weight_tile, family.weight_rows, family.tolerance};
      return plan_gather(fallback, samples, p, pack, numbers);
    }
    if (family.warpgroups) {
      int patches = family.positions() / 64, width = std::min(patches, 1 << numbers.range(0, 2)),
          height = std::min(patches / width, 1 << numbers.range(0, 1));
      p.tile = {std::min(numbers.range(1, patches / width / height), p.count.depth), height * 8, width * 8};
    } else {
      int width = numbers.range(1, 16), height = numbers.range(1, 128 / width),
          depth = numbers.range(1, std::max(1, 128 / width / height));
      p.tile = {std::min(depth, p.count.depth), std::min(height, p.count.height), std::min(width, p.count.width)};
    }
    p.halo = {
        reach(p.tile.depth, p.input_step.depth, p.taps.depth, p.tap_step.depth),
        reach(p.tile.height, p.input_step.height, p.taps.height, p.tap_step.height),
        reach(p.tile.width, p.input_step.width, p.taps.width, p.tap_step.width)};
  } while (p.halo.count() > (family.warpgroups ? family.parts == 1 ? 1400 : 600 : 1024));
  p.tiles = {divide(p.count.depth, p.tile.depth), divide(p.count.height, p.tile.height), divide(p.count.width, p.tile.width)};
  p.samples = samples;
  p.chunk = family.parts == 0 ? std::min(16, round_up(p.channels, 4)) : family.chunk();

  int tile = family.gather_tile, chunks = divide(p.channels, p.chunk), tiles = divide(p.outputs, tile);
  auto bytes_of_tap = [&](int chunk) {
    return static_cast<std::size_t>(chunk) * tile * (family.parts == 0 ? 4 : 2 * family.parts);
  };
  std::size_t tap_bytes = bytes_of_tap(p.chunk);
  auto packed = std::make_unique<Buffer<unsigned char>>(tap_bytes * chunks * tiles * p.taps.count());
  pack.packed = packed->data();
  pack.taps = p.taps;
  pack.inputs = p.channels;
  pack.outputs = p.outputs;
  pack.chunk = p.chunk;
  pack.chunks = chunks;
  pack.tile = tile;
  pack.tiles = tiles;
  launch("convolution_pack_" + family.name, 3, 1, 1, 256, 0, pack);
  if (!packed->intact()) { fail("packing wrote outside of its buffer"); }
  p.weights = packed->data();
  int threads = family.warpgroups   ? 384
                : family.parts == 0 ? 16 * tile / 4
                                    : 128,
      multiplying = family.warpgroups ? 256 : threads;
  std::size_t statistics = static_cast<std::size_t>(2 * multiplying / 32 + 1) * tile * 4;
  std::size_t tap_offsets = static_cast<std::size_t>(round_up(p.taps.count() * 4, 16));
  std::size_t main = family.parts == 0 ? 2 * tap_bytes + static_cast<std::size_t>(p.halo.count()) * (p.chunk + 4) * 4
                                       : 2 * 3 * bytes_of_tap(family.widest_chunk()) +
                                             static_cast<std::size_t>(p.halo.count()) * p.chunk * 2 * family.parts;
  if (family.warpgroups)
    main = 128 + statistics + 4 * tap_bytes +
           2 * static_cast<std::size_t>(plane_pitch(p.halo.count(), p.chunk / 8)) * p.chunk * 2 * family.parts;
  return {family, p, std::move(packed), threads, std::max(main + tap_offsets, statistics)};
}

/// Runs a gather; statistics only if `moments` is given.
inline void run_gather(
    const std::string& pass, const Family& wanted, int samples, const GatherParameters& parameters, const PackParameters& pack,
    Numbers& numbers, Moments* moments = nullptr, bool with_operand = false) {
  PlannedGather gather = plan_gather(wanted, samples, parameters, pack, numbers);
  const Family& family = gather.family;
  GatherParameters& p = gather.p;
  int tiles = gather.output_tiles();
  Buffer<float> partial(static_cast<std::size_t>(samples) * p.tiles.count() * 4 * p.outputs);
  p.moments = moments ? partial.data() : nullptr;
  std::string kernel = "convolution_" + pass + "_" + family.gather_name() + "_" + std::to_string(family.gather_tile);
  std::optional<Operand> operand;
  if (family.takes_operands() && pass == "backward_data" && with_operand) {
    Size3 from = {
        first_read(p.tap_base.depth, p.taps.depth, p.tap_step.depth),
        first_read(p.tap_base.height, p.taps.height, p.tap_step.height),
        first_read(p.tap_base.width, p.taps.width, p.tap_step.width)};
    Size3 to = {
        end_of_tiles(from.depth, p.tiles.depth, p.tile.depth, p.input_step.depth, p.halo.depth),
        end_of_tiles(from.height, p.tiles.height, p.tile.height, p.input_step.height, p.halo.height),
        end_of_tiles(from.width, p.tiles.width, p.tile.width, p.input_step.width, p.halo.width)};
    operand.emplace(p.x, p.x_bfloat16, samples, p.channels, p.input, p.symmetric, p.transform, from, to);
    p.x = operand->values.data();
    p.operand = operand->layout;
  }
  if (family.warpgroups)
    launch(
        kernel, 2 * numbers.range(1, divide(p.tiles.count() * samples, 2) * tiles), 1, 1, gather.threads, gather.shared,
        p);  // any number of blocks
  else launch(kernel, p.tiles.count(), tiles, samples, gather.threads, gather.shared, p);
  if (!partial.intact()) { fail("statistics wrote outside of their buffer"); }
  if (moments) *moments = {std::vector<float>(partial.data(), partial.data() + partial.size()), p.tiles.count()};
}

inline GatherParameters forward_gather(const Problem& q, const Stored& x, const float* bias, const Stored& y) {
  GatherParameters p{};
  p.x = x.data;
  p.bias = bias;
  p.y = y.data;
  p.x_bfloat16 = x.bfloat16;
  p.y_bfloat16 = y.bfloat16;
  p.transform = InputTransform::none();
  p.moments_dropout = no_dropout();
  p.channels = q.channels;
  p.outputs = q.outputs;
  p.symmetric = q.symmetric;
  p.input = q.input;
  p.output = p.count = q.output();
  p.output_step = {1, 1, 1};
  p.input_step = q.stride;
  p.taps = q.kernel;
  p.tap_base = {-q.pad_before.depth, -q.pad_before.height, -q.pad_before.width};
  p.tap_step = q.dilation;
  return p;
}

inline PackParameters forward_pack(const Problem& q, const float* w) {
  PackParameters pack{};
  pack.weights = w;
  pack.kernel = q.kernel;
  pack.weight_step = {1, 1, 1};
  return pack;
}

struct DataGradient {
  GatherParameters gather;
  PackParameters pack;
};

/// The gathers of the data gradient of a convolution with zero padding. Positions that no tap reaches are in none.
inline std::vector<DataGradient> data_gradients(const Problem& q, const Stored& gy, const float* w, const Stored& gx) {
  std::vector<DataGradient> gathers;
  for (int phase = 0; phase < q.stride.count(); phase++) {
    int residue[3] = {
        phase / (q.stride.height * q.stride.width), phase / q.stride.width % q.stride.height, phase % q.stride.width};
    int start[3], count[3], taps[3], base[3], step[3], weight_base[3], weight_step[3];
    bool empty = false;
    for (int a = 0; a < 3; a++) {
      int stride = Problem::axis(q.stride, a), dilation = Problem::axis(q.dilation, a), kernel = Problem::axis(q.kernel, a),
          pad = Problem::axis(q.pad_before, a);
      int extent = Problem::axis(q.input, a), outputs = Problem::axis(q.output(), a), first = -1, second = -1, used = 0;
      start[a] = residue[a];
      count[a] = (extent - start[a] + stride - 1) / stride;
      for (int t = 0; t < kernel; t++) {
        int read = start[a] + pad - t * dilation;  // times the stride, by the first position
        if (read % stride == 0 && read / stride < outputs && read / stride + count[a] > 0) {
          if (used == 0) first = t;
          if (used == 1) second = t;
          used++;
        }
      }
      empty |= used == 0 || start[a] >= extent;
      if (empty) break;
      taps[a] = used;
      weight_base[a] = first;
      weight_step[a] = used > 1 ? second - first : 1;
      base[a] = (start[a] + pad - first * dilation) / stride;
      step[a] = used > 1 ? -(second - first) * dilation / stride : 1;
    }
    if (empty) continue;
    auto size = [](const int* v) { return Size3{v[0], v[1], v[2]}; };
    GatherParameters p = forward_gather(q, gy, nullptr, gx);
    p.channels = q.outputs;
    p.outputs = q.channels;
    p.input = q.output();
    p.output = q.input;
    p.count = size(count);
    p.start = size(start);
    p.output_step = q.stride;
    p.input_step = {1, 1, 1};
    p.taps = size(taps);
    p.tap_base = size(base);
    p.tap_step = size(step);
    PackParameters pack = forward_pack(q, w);
    pack.transposed = 1;
    pack.weight_base = size(weight_base);
    pack.weight_step = size(weight_step);
    gathers.push_back({p, pack});
  }
  return gathers;
}

/// The data gradient of a convolution with zero padding; gx must have been zeroed.
inline void run_backward_data(
    const Family& family, const Problem& q, const Stored& gy, const float* w, const Stored& gx, Numbers& numbers,
    bool with_operand = false) {
  for (const DataGradient& part : data_gradients(q, gy, w, gx))
    run_gather("backward_data", family, q.samples, part.gather, part.pack, numbers, nullptr, with_operand);
}

/// A box without its core, in boxes: slabs before and behind the core along an axis, within the core along the axes before.
inline std::vector<PositionBox> shell(const Size3& extent, const Size3& low, const Size3& high) {
  std::vector<PositionBox> boxes;
  Size3 from{0, 0, 0}, size = extent;
  int Size3::*const axes[] = {&Size3::depth, &Size3::height, &Size3::width};
  for (auto axis : axes) {
    PositionBox before{from, size}, behind{from, size};
    before.size.*axis = low.*axis;
    behind.from.*axis = extent.*axis - high.*axis;
    behind.size.*axis = high.*axis;
    for (const PositionBox& box : {before, behind})
      if (box.size.count() > 0) boxes.push_back(box);
    from.*axis = low.*axis;
    size.*axis -= low.*axis + high.*axis;
  }
  return boxes;
}

/// The data gradient of a convolution with symmetric padding, stored as floats: that with zero padding, and what the padded
/// positions add.
inline void run_mirrored_backward_data(
    const Family& family, const Problem& q, const Stored& gy, const float* w, const Stored& gx, Numbers& numbers,
    bool with_operand = false) {
  Problem within = q;
  within.symmetric = false;
  run_backward_data(family, within, gy, w, gx, numbers, with_operand);

  Family wide = family;
  if (family.warpgroups) wide.gather_tile = family.parts == 3 ? 32 : 64;
  wide.warpgroups = false;
  wide.few_channels = 0;
  Size3 padded = q.pad_before + q.input + q.pad_after;
  Buffer<float> image(static_cast<std::size_t>(q.samples) * padded.count() * q.channels, [&](std::size_t i) {
    int position = static_cast<int>(i / q.channels % padded.count()), row = position / padded.width;
    Size3 at = Size3{row / padded.height, row % padded.height, position % padded.width} - q.pad_before;
    bool inside = at.depth >= 0 && at.depth < q.input.depth && at.height >= 0 && at.height < q.input.height && at.width >= 0 &&
                  at.width < q.input.width;
    return inside ? NAN : 0.0f;  // nobody reads it
  });
  std::vector<PlannedGather> strips;
  for (const PositionBox& box : shell(padded, q.pad_before, q.pad_after)) {
    Problem strip = within;
    strip.input = box.size;
    strip.pad_before = box.from;
    strip.pad_after = padded - box.from - box.size;
    for (DataGradient& part : data_gradients(strip, gy, w, {image.data(), false})) {
      part.gather.output = padded;
      part.gather.start = part.gather.start + box.from;
      strips.push_back(plan_gather(wide, q.samples, part.gather, part.pack, numbers));
    }
  }
  constexpr std::size_t kTogether = sizeof(GatherTable) / sizeof(GatherParameters);
  for (std::size_t first = 0; first < strips.size(); first += kTogether) {
    std::size_t count = std::min(kTogether, strips.size() - first), shared = 0;
    GatherTable table{};
    int tiles = 0;
    for (std::size_t i = 0; i < count; i++) {
      const PlannedGather& strip = strips[first + i];
      table.gathers[i] = strip.p;
      tiles = std::max(tiles, strip.p.tiles.count());
      shared = std::max(shared, strip.shared);
    }
    launch(
        "convolution_backward_data_many_" + wide.gather_name() + "_" + std::to_string(wide.gather_tile), tiles,
        strips[first].output_tiles(), static_cast<int>(count) * q.samples, strips[first].threads, shared, table);
  }

  FoldParameters fold{image.data(), static_cast<float*>(gx.data), q.samples, q.channels, q.input, q.pad_before, padded, {}};
  auto mirrored = [](int after, int extent, int before) { return std::min(after, extent - before); };
  std::vector<PositionBox> boxes = shell(
      q.input, q.pad_before,
      {mirrored(q.pad_after.depth, q.input.depth, q.pad_before.depth),
       mirrored(q.pad_after.height, q.input.height, q.pad_before.height),
       mirrored(q.pad_after.width, q.input.width, q.pad_before.width)});
  std::copy(boxes.begin(), boxes.end(), fold.boxes);
  if (!boxes.empty()) launch("convolution_fold", 2, static_cast<int>(boxes.size()), 1, 256, 0, fold);
}

/// How 256 threads fill planes over a box.
inline PlaneFill plane_fill(int planes, const Size3& box, int granularity) {
  int positions = round_up(box.count(), granularity);
  return {planes, positions + 8 - positions % 8 + 8 / std::min(planes, 8), positions, 256 / planes};
}

/// Any division of taps, channels and positions among blocks and warps that the mma kernels take; their shared memory in bytes.
inline std::size_t plan_mma_weight_gradient(
    const Family& family, const Problem& q, const InputTransform& transform, Numbers& numbers, WeightGradientParameters& p) {
  bool plain = transform.scale == nullptr && !transform.dropout.active();
  int columns = family.weight_tile / 8, rows = family.weight_rows;
  std::size_t shared;
  do {
    p.folded = plain && q.channels < 8 && numbers.next() % 2;
    int channels = p.folded ? q.channels * q.kernel.count() : q.channels, cut = numbers.range(0, 3);
    p.taps = p.folded ? Size3{1, 1, 1}
                      : Size3{cut < 1 ? q.kernel.depth : 1, cut < 2 ? q.kernel.height : 1, cut < 3 ? q.kernel.width : 1};
    int planes = numbers.range(1, std::min(16, divide(channels, 8)));
    p.row_bits = numbers.range(0, 3);
    p.channel_tiles = divide(channels, planes * 8);
    int width = numbers.range(1, 16), height = numbers.range(1, std::min(16, 256 / width)),
        depth = numbers.range(1, std::min(4, 256 / width / height));
    p.tile = {depth, height, width};
    p.halo = p.folded ? p.tile
                      : Size3{
                            reach(depth, q.stride.depth, p.taps.depth, q.dilation.depth),
                            reach(height, q.stride.height, p.taps.height, q.dilation.height),
                            reach(width, q.stride.width, p.taps.width, q.dilation.width)};
    p.x_fill = plane_fill(planes, p.halo, p.folded ? 16 : 1);
    p.gy_fill = plane_fill(columns, p.tile, 16);
    int units = planes * p.taps.count();
    std::size_t stages = 2 * static_cast<std::size_t>(family.parts) * 16 * (planes * p.x_fill.pitch + columns * p.gy_fill.pitch),
                exchange = p.row_bits == 3 ? 0 : static_cast<std::size_t>(4) * rows * columns * 512;
    shared = 8304 + round_up(8 * p.halo.count(), 16) + std::max(stages, exchange);
    if (units > 2 * rows << p.row_bits) shared = SIZE_MAX;
  } while (shared > 99 * 1024);
  return shared;
}

/// The weight gradient of a family for which `takes_weight_gradient` holds.
inline void run_backward_weights(
    const Family& family, const Problem& q, const InputTransform& transform, const Stored& x, const Stored& gy, float* gw,
    Numbers& numbers) {
  int tile = family.warpgroups ? 64 : family.weight_tile, splits = numbers.range(1, 4);
  WeightGradientParameters p{};
  p.x = x.data;
  p.gy = gy.data;
  p.x_bfloat16 = x.bfloat16;
  p.gy_bfloat16 = gy.bfloat16;
  p.transform = transform;
  p.samples = q.samples;
  p.channels = q.channels;
  p.outputs = q.outputs;
  p.symmetric = q.symmetric;
  p.input = q.input;
  p.output = q.output();
  p.kernel = q.kernel;
  p.stride = q.stride;
  p.dilation = q.dilation;
  p.pad = q.pad_before;
  p.channel_tiles = divide(q.channels, tile);
  p.output_tiles = divide(q.outputs, tile);
  auto cut = [&](long long items) {  // into splits of at least one item; returns the items of each
    int per_split = static_cast<int>((items + splits - 1) / splits);
    splits = static_cast<int>((items + per_split - 1) / per_split);
    return per_split;
  };
  std::string kernel = "convolution_backward_weights_" + family.gather_name();
  int groups = q.kernel.count(), threads = 256;
  std::size_t shared;
  auto cut_into_tiles = [&] {
    p.tiles = {
        divide(p.output.depth, p.tile.depth), divide(p.output.height, p.tile.height), divide(p.output.width, p.tile.width)};
    p.tiles_per_split = cut(static_cast<long long>(q.samples) * p.tiles.count());
  };
  if (family.warpgroups) {
    do {  // any tile of whole octets that fits
      int width = 8 * numbers.range(1, 2), height = numbers.range(1, 8), depth = numbers.range(1, 4);
      p.tile = {depth, height, width};
      p.halo = {
          reach(depth, q.stride.depth, 1, 1), reach(height, q.stride.height, 3, q.dilation.height),
          reach(width, 1, 3, q.dilation.width)};
      shared = 128 + 2 * static_cast<std::size_t>(family.parts) * 8 * 16 *
                         (plane_pitch(p.halo.count(), 8) + plane_pitch(p.tile.count(), 8));
    } while (p.tile.count() % 32 != 0 || p.tile.count() > 256 || shared > 227 * 1024);
    cut_into_tiles();
    p.tiles_per_sum = numbers.range(1, 3);
    groups = q.kernel.count() / 9;
    threads = 512;
  } else if (family.parts > 0) {
    shared = plan_mma_weight_gradient(family, q, transform, numbers, p);
    cut_into_tiles();
    groups = p.folded ? 1 : q.kernel.count() / p.taps.count();
    kernel += "_" + std::to_string(family.weight_tile);
  } else {
    p.positions_per_split = cut(static_cast<long long>(q.samples) * q.output().count());
    kernel += "_" + std::to_string(tile);
    shared = 2 * 16 * (tile + 4) * 4 + (tile == 64 ? 4 : static_cast<std::size_t>(256 / (tile * tile / 16)) * tile * tile * 4);
  }
  std::optional<Operand> x_operand, gy_operand;
  if (family.takes_operands()) {
    auto end = [&](int a) {
      return end_of_tiles(
          -Problem::axis(q.pad_before, a), Problem::axis(p.tiles, a), Problem::axis(p.tile, a), Problem::axis(q.stride, a),
          (Problem::axis(q.kernel, a) - (a == 0 ? 1 : 3)) * Problem::axis(q.dilation, a) + Problem::axis(p.halo, a));
    };
    x_operand.emplace(
        x.data, x.bfloat16, q.samples, q.channels, q.input, q.symmetric, transform, Size3{0, 0, 0} - q.pad_before,
        Size3{end(0), end(1), end(2)});
    gy_operand.emplace(
        gy.data, gy.bfloat16, q.samples, q.outputs, p.output, false, InputTransform::none(), Size3{0, 0, 0},
        Size3{p.tiles.depth * p.tile.depth, p.tiles.height * p.tile.height, p.tiles.width * p.tile.width});
    p.x = x_operand->values.data();
    p.gy = gy_operand->values.data();
    p.x_operand = x_operand->layout;
    p.gy_operand = gy_operand->layout;
  }
  Buffer<float> partial(q.weight_count() * splits);
  p.partial = splits == 1 ? gw : partial.data();
  launch(kernel, p.channel_tiles * p.output_tiles, groups, splits, threads, shared, p);
  if (splits > 1)
    launch(
        "convolution_sum_splits", 2, 1, 1, 256, 0,
        SumSplitsParameters{partial.data(), gw, static_cast<long long>(q.weight_count()), splits, 1 << numbers.range(0, 3)});
  if (!partial.intact()) { fail("weight gradient wrote outside of its workspace"); }
}

}  // namespace test

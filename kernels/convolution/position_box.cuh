// Boxes of positions whose elements a block keeps as a table, so that no thread divides for their coordinates.
#pragma once
#include "convolution/tile.cuh"

/// An element of a box of positions. Coordinates lie in one word, so that three are compared at once: ten bits of the width, of
/// the height, and nine of the depth, each below a bit that is clear.
struct BoxElement {
  static constexpr uint32_t kNowhere = 0x7fffffffu & ~(1u << 21 | 1u << 10);

  uint32_t at;
  int offset;  // positions from the box's first, in the image

  DEVICE static uint32_t pack(const Size3& at) {
    return static_cast<uint32_t>(at.depth) << 22 | static_cast<uint32_t>(at.height) << 11 | static_cast<uint32_t>(at.width);
  }

  /// `step`: of the image, from one element of the box to the next.
  DEVICE static BoxElement of(int index, const Size3& box, const Size3& image, const Size3& step) {
    Size3 at = unflatten(index, box);
    return {pack(at), (at.depth * step.depth * image.height + at.height * step.height) * image.width + at.width * step.width};
  }

  DEVICE Size3 coordinates() const {
    return {static_cast<int>(at >> 22), static_cast<int>(at >> 11 & 0x3ff), static_cast<int>(at & 0x3ff)};
  }
};

/// The position in the image of an element of a box; of those outside `index` is any number.
struct BoxPosition {
  int index;
  bool inside;

  DEVICE int checked() const { return inside ? index : -1; }
};

/// Which elements of a box lie in the image, when the box's first is at `from`.
struct BoxClip {
  static constexpr uint32_t kGuards = 1u << 31 | 1u << 21 | 1u << 10;

  uint32_t low, high;
  int first;

  DEVICE BoxClip(const Size3& from, const Size3& box, const Size3& image)
      : low(kGuards -
            BoxElement::pack({clip(-from.depth, box.depth), clip(-from.height, box.height), clip(-from.width, box.width)})),
        high(
            kGuards - BoxElement::pack({1, 1, 1}) +
            BoxElement::pack(
                {clip(image.depth - from.depth, box.depth), clip(image.height - from.height, box.height),
                 clip(image.width - from.width, box.width)})),
        first((from.depth * image.height + from.height) * image.width + from.width) {}

  DEVICE static int clip(int i, int extent) { return i < 0 ? 0 : i < extent ? i : extent; }

  DEVICE bool holds(const BoxElement& element) const { return ((element.at + low) & (high - element.at) & kGuards) == kGuards; }

  /// Loads of bfloat16 under way per thread, while they are normalized: as many as leave the sums their registers.
  static constexpr int kLoads = 3;

  DEVICE BoxPosition operator()(const BoxElement& element) const { return {first + element.offset, holds(element)}; }
};

/// Where elements of a box lie in the image that symmetric padding mirrors, when the box's first is at `from`.
struct BoxMirror {
  static constexpr int kLoads = 1;  // few layers mirror

  Size3 from, image;

  DEVICE BoxPosition operator()(const BoxElement& element) const {
    int index = input_position(from + element.coordinates(), image, true);
    return {index, index >= 0};
  }
};

/// Tiles of output positions in their order, over all samples.
struct TileWalk {
  int sample;
  Size3 tile;

  DEVICE TileWalk(const WeightGradientParameters& p, int index)
      : sample(index / p.tiles.count()), tile(unflatten(index % p.tiles.count(), p.tiles)) {}

  DEVICE TileWalk following(const Size3& tiles) const {
    TileWalk next = *this;
    if (++next.tile.width < tiles.width) return next;
    next.tile.width = 0;
    if (++next.tile.height < tiles.height) return next;
    next.tile.height = 0;
    if (++next.tile.depth < tiles.depth) return next;
    next.tile.depth = 0;
    next.sample++;
    return next;
  }

  DEVICE bool begins_sample() const { return tile.depth + tile.height + tile.width == 0; }

  /// The first output position.
  DEVICE Size3 first(const Size3& extent) const {
    return {tile.depth * extent.depth, tile.height * extent.height, tile.width * extent.width};
  }
};

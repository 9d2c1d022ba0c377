// Maxima over the bins of regions of interest. The backward pass gathers: every element of a map adds up the bins that chose it,
// in the order of the regions.
#include "common/vector_access.cuh"
#include "roi_pooling/parameters.cuh"

namespace {

constexpr int kThreads = 256, kCornerNumbers = 5;

/// Corners are taken no farther away than this, so that products with numbers of bins stay in 32 bits.
constexpr float kFarthest = 4194304.0f;

/// The nearest whole number, halves away from zero; the farthest to the left where it is none.
DEVICE int nearest(float value) {
  value = value > -kFarthest ? value : -kFarthest;
  value = value < kFarthest ? value : kFarthest;
  int whole = static_cast<int>(value);
  float rest = value - static_cast<float>(whole);
  return rest >= 0.5f ? whole + 1 : rest <= -0.5f ? whole - 1 : whole;
}

struct Range {
  int from, to;
};

/// A region along one axis of its map, which it may leave.
struct RegionAxis {
  int first, extent;

  /// Places of the map in a bin.
  DEVICE Range places(int bin, int bins, int map) const {
    int from = first + bin * extent / bins, to = first + ((bin + 1) * extent + bins - 1) / bins;
    return {from < 0 ? 0 : from, to < map ? to : map};
  }

  /// Bins that hold a place of the map.
  DEVICE Range bins_over(int place, int bins) const {
    int at = place - first;
    if (at < 0 || at >= extent) return {0, 0};
    return {at * bins / extent, ((at + 1) * bins + extent - 1) / extent};
  }
};

DEVICE RegionAxis axis_between(float low, float high, float scale) {
  int first = nearest(low * scale), extent = nearest(high * scale) - first + 1;
  return {first, extent > 1 ? extent : 1};
}

struct Region {
  int image;
  RegionAxis rows, columns;
  float score;
};

DEVICE Region region_at(const RoiPoolingParameters& p, int index) {
  const float* corners = p.corners + kCornerNumbers * index;
  return {
      nearest(corners[0]), axis_between(corners[2], corners[4], p.scale), axis_between(corners[1], corners[3], p.scale),
      p.scores == nullptr ? 1.0f : p.scores[index]};
}

/// A block has a region and a tile of lanes * Width channels; a thread keeps its channels and goes over the bins.
template <int Width>
DEVICE void max_forward(const RoiPoolingParameters& p) {
  int channel = (blockIdx.y * p.lanes + threadIdx.x % p.lanes) * Width;
  if (channel >= p.channels) return;
  Region region = region_at(p, blockIdx.x);
  bool has_image = region.image >= 0 && region.image < p.images;
  const float* map = p.source + static_cast<long long>(has_image ? region.image : 0) * p.height * p.width * p.channels + channel;
  for (int bin = threadIdx.x / p.lanes; bin < p.bins * p.bins; bin += kThreads / p.lanes) {
    Range rows = region.rows.places(bin / p.bins, p.bins, has_image ? p.height : 0),
          columns = region.columns.places(bin % p.bins, p.bins, p.width);
    float best[Width] = {};
    int chosen[Width];
    for (int i = 0; i < Width; i++) chosen[i] = -1;
    for (int row = rows.from; row < rows.to; row++)
      for (int column = columns.from; column < columns.to; column++) {
        int place = row * p.width + column;
        float values[Width];
        load(values, map + static_cast<long long>(place) * p.channels);
#pragma unroll
        for (int i = 0; i < Width; i++) {
          if (chosen[i] >= 0 && !(values[i] > best[i])) continue;
          best[i] = values[i];
          chosen[i] = place;
        }
      }
    long long element = (static_cast<long long>(blockIdx.x) * p.bins * p.bins + bin) * p.channels + channel;
    for (int i = 0; i < Width; i++) best[i] *= region.score;
    store(p.target + element, best);
#pragma unroll
    for (int i = 0; i < Width; i++) p.choice[element + i] = chosen[i];
  }
}

/// A region as a row of a map sees it.
struct RegionOverRow {
  Range bins;  // none where it is of another image or passes by
  RegionAxis columns;
  float score;
};

/// A block has some columns of a row of a map, and a tile of channels; its threads read the regions together, a chunk at a time.
template <int Width>
DEVICE void max_backward(const RoiPoolingParameters& p) {
  SHARED_ARRAY(RegionOverRow, over, kThreads);
  int across = kThreads / p.lanes, tiles = (p.width + across - 1) / across;
  int map_row = blockIdx.x / tiles, image = map_row / p.height, row = map_row % p.height;
  int column = blockIdx.x % tiles * across + threadIdx.x / p.lanes;
  int channel = (blockIdx.y * p.lanes + threadIdx.x % p.lanes) * Width, place = row * p.width + column;
  bool inside = column < p.width && channel < p.channels;
  float sum[Width] = {};
  for (int first = 0; first < p.regions; first += kThreads) {
    int count = p.regions - first < kThreads ? p.regions - first : kThreads;
    int thread = threadIdx.x;
    if (thread < count) {
      Region region = region_at(p, first + thread);
      over[thread] = {region.image == image ? region.rows.bins_over(row, p.bins) : Range{0, 0}, region.columns, region.score};
    }
    __syncthreads();
    for (int i = 0; inside && i < count; i++) {
      Range rows = over[i].bins;
      if (rows.from == rows.to) continue;
      Range columns = over[i].columns.bins_over(column, p.bins);
      for (int y = rows.from; y < rows.to; y++)
        for (int x = columns.from; x < columns.to; x++) {
          long long element = ((static_cast<long long>(first + i) * p.bins + y) * p.bins + x) * p.channels + channel;
          float values[Width];
          load(values, p.source + element);
#pragma unroll
          for (int j = 0; j < Width; j++)
            if (p.choice[element + j] == place) sum[j] += over[i].score * values[j];
        }
    }
    __syncthreads();
  }
  if (inside) store(p.target + (static_cast<long long>(map_row) * p.width + column) * p.channels + channel, sum);
}

}  // namespace

/// y = score * maximum of the bin; choice = place of the first maximum.
KERNEL(roi_max_pool_forward, 256, RoiPoolingParameters) { max_forward<1>(p); }
KERNEL(roi_max_pool_forward_8, 256, RoiPoolingParameters) { max_forward<8>(p); }
KERNEL(roi_max_pool_backward, 256, RoiPoolingParameters) { max_backward<1>(p); }
KERNEL(roi_max_pool_backward_8, 256, RoiPoolingParameters) { max_backward<8>(p); }

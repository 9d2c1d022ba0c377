// Softmax with soft Dice, weighted cross-entropy and class-mean knowledge distillation in two passes over the logits: one for the
// sums that all three need, one for the gradient. Dou et al. 2020, arXiv:2001.03111. With p = softmax(z) and g the one-hot label
// of a position, per modality: I[c] = sum p_c g_c, P[c] = sum p_c^2, N[c] = sum g_c, E[c] = sum over g_c = 1 of -log(max(p_c,
// floor)), Z[c, k] = sum g_c z_k.
#include "common/reduce.cuh"
#include "segmentation_loss/parameters.cuh"

namespace {

/// Maximum and sum of exponentials of a row of logits.
struct SoftmaxRow {
  const float* logits;
  float greatest, sum;

  DEVICE SoftmaxRow(const float* row, int classes) : logits(row), greatest(row[0]), sum(0) {
    for (int k = 1; k < classes; k++) greatest = row[k] > greatest ? row[k] : greatest;
    for (int k = 0; k < classes; k++) sum += expf(row[k] - greatest);
  }

  DEVICE float operator[](int k) const { return expf(logits[k] - greatest) / sum; }

  DEVICE float negative_log(int k) const { return greatest - logits[k] + logf(sum); }
};

}  // namespace

/// A block turns its chunk into probabilities in shared memory; then each warp takes a share of the positions and each lane some
/// of the sums.
KERNEL(segmentation_loss_sums, 256, LossSums) {
  DYNAMIC_SHARED(shared);
  constexpr int kWarps = 8;
  int classes = p.classes, width = 4 * classes + classes * classes, warp = threadIdx.x / 32;
  float* probabilities = reinterpret_cast<float*>(shared);           // (chunk, classes)
  float* negative_logs = probabilities + p.chunk * classes;          // (chunk)
  float* warp_sums = negative_logs + p.chunk;                        // (warps, width)
  int* truths = reinterpret_cast<int*>(warp_sums + kWarps * width);  // (chunk)
  long long from = static_cast<long long>(blockIdx.x) * p.chunk, first = blockIdx.y * p.positions + from;
  int count = static_cast<int>(p.positions - from < p.chunk ? p.positions - from : p.chunk);
  for (int i = threadIdx.x; i < count; i += 256) {
    SoftmaxRow softmax(p.logits + (first + i) * classes, classes);
    for (int k = 0; k < classes; k++) probabilities[i * classes + k] = softmax[k];
    int truth = p.labels[first + i];
    truths[i] = truth;
    float ceiling = -logf(p.floor), negative_log = truth < classes ? softmax.negative_log(truth) : 0.0f;
    negative_logs[i] = negative_log < ceiling ? negative_log : ceiling;
  }
  __syncthreads();
  int share = (count + kWarps - 1) / kWarps, begin = warp * share, end = begin + share < count ? begin + share : count;
  for (int entry = threadIdx.x % 32; entry < width; entry += 32) {
    int kind = entry / classes, c = entry % classes;
    float sum = 0;
    for (int i = begin; i < end; i++) {
      int truth = truths[i];
      if (kind == 1) {
        float probability = probabilities[i * classes + c];
        sum += probability * probability;
      } else if (kind >= 4) {
        if (truth == kind - 4) sum += p.logits[(first + i) * classes + c];
      } else if (truth == c) {
        sum += kind == 0 ? probabilities[i * classes + c] : kind == 2 ? 1.0f : negative_logs[i];
      }
    }
    warp_sums[warp * width + entry] = sum;
  }
  __syncthreads();
  for (int entry = threadIdx.x; entry < width; entry += 256) {
    double sum = 0;
    for (int w = 0; w < kWarps; w++) sum += warp_sums[w * width + entry];
    p.partial[(static_cast<long long>(blockIdx.y) * p.chunks + blockIdx.x) * width + entry] = sum;
  }
}

/// One warp per modality and sum.
KERNEL(segmentation_loss_combine, 256, CombineLossSums) {
  int i = blockIdx.x * 8 + threadIdx.x / 32, lane = threadIdx.x % 32;
  bool inside = i < p.modalities * p.width;
  double sum = 0;
  for (int sample = 0; sample < p.samples; sample++) {
    if (!inside || p.modality[sample] != i / p.width) continue;
    for (int chunk = lane; chunk < p.chunks; chunk += 32)
      sum += p.partial[(static_cast<long long>(sample) * p.chunks + chunk) * p.width + i % p.width];
  }
  sum = warp_sum(sum);
  if (inside && lane == 0) p.sums[i] = sum;
}

/// gz = p (dp - sum_k dp_k p_k) + table[label], dp_c = diceTrue[c] g_c + diceSquare[c] p_c + (g_c and p_c above the floor ?
/// crossEntropy[c] / p_c : 0).
KERNEL(segmentation_loss_gradient, 256, LossGradient) {
  DYNAMIC_SHARED(shared);
  int classes = p.classes, width = 3 * classes + classes * classes;
  float* coefficients = reinterpret_cast<float*>(shared);
  for (int i = threadIdx.x; i < width; i += 256)
    coefficients[i] = static_cast<float>(p.coefficients[static_cast<long long>(p.modality[blockIdx.y]) * width + i]);
  __syncthreads();
  const float *dice_true = coefficients, *dice_square = coefficients + classes, *cross_entropy = coefficients + 2 * classes,
              *table = coefficients + 3 * classes;
  for (long long position = blockIdx.x * 256ll + threadIdx.x; position < p.positions; position += gridDim.x * 256ll) {
    long long row = blockIdx.y * p.positions + position;
    int truth = p.labels[row];
    SoftmaxRow softmax(p.logits + row * classes, classes);
    // The cross-entropy's 1 / p is multiplied out, so that a probability of zero does no harm.
    float mean = 0, dice = 0, entropy = 0;
    for (int k = 0; k < classes; k++) {
      float probability = softmax[k];
      mean += dice_square[k] * probability * probability;
      if (k != truth) continue;
      dice = dice_true[k] * probability;
      entropy = p.floor == 0.0f || probability > p.floor ? cross_entropy[k] : 0.0f;
    }
    mean += dice;
    for (int k = 0; k < classes; k++) {
      float probability = softmax[k], gradient = probability * (dice_square[k] * probability - mean - entropy);
      if (k == truth) gradient += dice + entropy;
      p.gradient[row * classes + k] = truth < classes ? gradient + table[truth * classes + k] : gradient;
    }
  }
}

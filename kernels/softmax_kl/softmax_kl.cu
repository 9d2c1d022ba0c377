// Distillation between softened class probabilities, KL(softmax(teacher / T) || softmax(student / T)), without storing either:
// one pass for the sum over all positions, one for the gradient (q - p) / T of the student. Hinton et al. 2015, arXiv:1503.02531.
#include "common/reduce.cuh"
#include "softmax_kl/parameters.cuh"

namespace {

/// Logarithms of a position's probabilities.
struct LogProbabilities {
  const float* logits;
  float sharpness, greatest, log_sum;

  DEVICE LogProbabilities(const float* row, int classes, float sharpness)
      : logits(row), sharpness(sharpness), greatest(row[0]), log_sum(0) {
    for (int k = 1; k < classes; k++) greatest = greatest >= row[k] ? greatest : row[k];  // a NaN shows in the sum
    for (int k = 0; k < classes; k++) log_sum += expf((row[k] - greatest) * sharpness);
    log_sum = logf(log_sum);
  }

  DEVICE float operator[](int k) const { return (logits[k] - greatest) * sharpness - log_sum; }
};

}  // namespace

/// A block takes a chunk of positions, a thread every 256th of them.
KERNEL(softmax_kl_sum, 256, SoftmaxKl) {
  SHARED_ARRAY(double, warp_sums, 8);
  long long from = static_cast<long long>(blockIdx.x) * p.chunk, to = from + p.chunk < p.positions ? from + p.chunk : p.positions;
  double sum = 0;
  for (long long i = from + threadIdx.x; i < to; i += 256) {
    LogProbabilities teacher(p.teacher + i * p.classes, p.classes, p.sharpness),
        student(p.student + i * p.classes, p.classes, p.sharpness);
    float divergence = 0;
    for (int k = 0; k < p.classes; k++) divergence += expf(teacher[k]) * (teacher[k] - student[k]);
    sum += divergence;
  }
  sum = warp_sum(sum);
  if (threadIdx.x % 32 == 0) warp_sums[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x > 0) return;
  for (int warp = 1; warp < 8; warp++) sum += warp_sums[warp];
  p.partial[blockIdx.x] = sum;
}

KERNEL(softmax_kl_gradient, 256, SoftmaxKl) {
  float factor = *p.scale * p.sharpness;
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < p.positions; i += gridDim.x * 256ll) {
    LogProbabilities teacher(p.teacher + i * p.classes, p.classes, p.sharpness),
        student(p.student + i * p.classes, p.classes, p.sharpness);
    for (int k = 0; k < p.classes; k++) p.gradient[i * p.classes + k] = factor * (expf(student[k]) - expf(teacher[k]));
  }
}

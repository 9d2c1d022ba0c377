// Adam with L2 in TensorFlow's form, many tensors in one launch: g' = g + l2 w, m = beta1 m + (1 - beta1) g', v = beta2 v + (1 - beta2) g'^2, w -= rate m / (sqrt(v) + epsilon).
// Kingma and Ba 2015, arXiv:1412.6980. 28 bytes per weight (read w, g, m, v; write w, m, v). blockIdx.y is the tensor.
#include "optimizer/parameters.cuh"

KERNEL(adam, 256, AdamParameters) {
  const AdamTensor& tensor = p.tensors[blockIdx.y];
  float rate = p.replayed_rate == nullptr ? p.rate : *p.replayed_rate;
  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < tensor.count; i += gridDim.x * 256ll) {
    float w = tensor.w[i], g = tensor.g[i] + tensor.l2 * w;
    float m = p.beta1 * tensor.m[i] + p.take1 * g, v = p.beta2 * tensor.v[i] + p.take2 * g * g;
    tensor.m[i] = m;
    tensor.v[i] = v;
    tensor.w[i] = w - rate * m / (sqrtf(v) + p.epsilon);
  }
}

// Adam with L2 in TensorFlow's form, many tensors in one launch: g' = g + l2 w, m = beta1 m + (1 - beta1) g', v = beta2 v + (1 -
// beta2) g'^2, w -= rate m / (sqrt(v) + epsilon). Kingma and Ba 2015, arXiv:1412.6980. 28 bytes per weight (read w, g, m, v;
// write w, m, v). A block takes 4096 elements of one tensor, and a thread four neighbours at a time.
#include "optimizer/parameters.cuh"

namespace {

DEVICE void update(float& w, float g, float& m, float& v, float l2, float rate, const AdamParameters& p) {
  g += l2 * w;
  m = p.beta1 * m + p.take1 * g;
  v = p.beta2 * v + p.take2 * g * g;
  w -= rate * m / (sqrtf(v) + p.epsilon);
}

}  // namespace

KERNEL(adam, 256, AdamParameters) {
  const AdamTensor& tensor = p.tensors[tensor_of_block(p.tensors, p.count)];
  float rate = p.replayed_rate == nullptr ? p.rate : *p.replayed_rate;
  long long first = static_cast<long long>(blockIdx.x - tensor.first_block) * kBlockElements;
  long long end = first + kBlockElements < tensor.count ? first + kBlockElements : tensor.count;
  for (long long i = first + threadIdx.x * 4; i < end; i += 256 * 4) {
    if (i + 4 <= end) {
      float4 w = *reinterpret_cast<float4*>(tensor.w + i), m = *reinterpret_cast<float4*>(tensor.m + i),
             v = *reinterpret_cast<float4*>(tensor.v + i);
      float4 g = *reinterpret_cast<const float4*>(tensor.g + i);
      update(w.x, g.x, m.x, v.x, tensor.l2, rate, p);
      update(w.y, g.y, m.y, v.y, tensor.l2, rate, p);
      update(w.z, g.z, m.z, v.z, tensor.l2, rate, p);
      update(w.w, g.w, m.w, v.w, tensor.l2, rate, p);
      *reinterpret_cast<float4*>(tensor.m + i) = m;
      *reinterpret_cast<float4*>(tensor.v + i) = v;
      *reinterpret_cast<float4*>(tensor.w + i) = w;
    } else {
      for (long long j = i; j < end; j++) update(tensor.w[j], tensor.g[j], tensor.m[j], tensor.v[j], tensor.l2, rate, p);
    }
  }
}

// Stochastic gradient descent with momentum in PyTorch's form, many tensors in one launch: g' = g + decay w, velocity = momentum
// velocity + g', w -= rate (nesterov ? g' + momentum velocity : velocity). Sutskever et al. 2013. 20 bytes per weight.
#include "optimizer/parameters.cuh"

KERNEL(sgd, 256, SgdParameters) {
  const SgdTensor& tensor = p.tensors[tensor_of_block(p.tensors, p.count)];
  float rate = p.replayed_rate == nullptr ? p.rate : *p.replayed_rate;
  long long first = static_cast<long long>(blockIdx.x - tensor.first_block) * kBlockElements;
  long long end = first + kBlockElements < tensor.count ? first + kBlockElements : tensor.count;
  for (long long i = first + threadIdx.x; i < end; i += 256) {
    float w = tensor.w[i], g = tensor.g[i] + tensor.weight_decay * w;
    float velocity = p.momentum * tensor.velocity[i] + g;
    tensor.velocity[i] = velocity;
    tensor.w[i] = w - rate * (p.nesterov != 0 ? g + p.momentum * velocity : velocity);
  }
}

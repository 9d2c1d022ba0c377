// Asks a Hopper GPU, in seconds, what no emulator can tell: whether the descriptors of the convolutions' operands mean what we read in the manual, at what rate products run in our
// layouts and in others, and what arrivals at the other block's barriers cost. A line of JSON per answer, and last a line for a person.
//
// Usage: gpu_probe PART CUBIN [ROUNDS]      PART: products (exit code 1 if one is wrong), swizzled, rates, arrivals; each in a process of its own, since a fault ends the context
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "driver.h"
#include "parameters.h"

namespace {

constexpr int kImageBytes = 200 * 1024, kWeightsAt = 128 * 1024, kHaloRows = 12;

uint16_t to_bfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return uint16_t(bits >> 16);  // small integers are exact
}

/// Numbers from -4 to 4, the same in every run.
float next_number() {
  static uint32_t state = 7;
  state = state * 1664525u + 1013904223u;
  return float(int(state >> 20) % 9 - 4);
}

/// The matrix descriptor of wgmma: PTX ISA, asynchronous warpgroup-level matrix instructions. Everything in 16 bytes; kind 1 is the 128-byte swizzle.
uint64_t descriptor(long start_bytes, int inner, int outer, int kind = 0, int base_offset = 0) {
  return uint64_t(start_bytes) >> 4 | uint64_t(inner) << 16 | uint64_t(outer) << 32 | uint64_t(base_offset) << 49 | uint64_t(kind) << 62;
}

/// An image of shared memory, NaN where nothing was put, and the operands that a descriptor should find in it.
struct Operands {
  std::vector<char> image = std::vector<char>(kImageBytes, 0x7f);
  float a[64][16], b[64][16];

  void put(long byte, float value) {
    uint16_t bits = to_bfloat16(value);
    std::memcpy(&image[size_t(byte)], &bits, 2);
  }
};

struct Probe {
  const Driver& driver;
  Driver::Address image = driver.allocate(kImageBytes), out = driver.allocate(64 * 64 * 4);
  int right = 0, asked = 0;

  void ask(const std::string& what, const Operands& operands, uint64_t a, uint64_t b, bool transposed) {
    std::vector<float> sums(64 * 64);
    driver.upload(image, operands.image.data(), kImageBytes);
    ProbeProduct parameters{reinterpret_cast<const char*>(image), reinterpret_cast<float*>(out), a, b, kImageBytes, transposed};
    driver.run("probe_product", 1, 128, kImageBytes, parameters);
    driver.download(sums.data(), out, sums.size() * 4);
    int wrong = 0;
    for (int i = 0; i < 64; i++)
      for (int j = 0; j < 64; j++) {
        float expected = 0;
        for (int k = 0; k < 16; k++) expected += operands.a[i][k] * operands.b[j][k];
        wrong += !(sums[size_t(i * 64 + j)] == expected);
      }
    asked++;
    right += wrong == 0;
    std::printf("{\"what\": \"%s\", \"right\": %s, \"wrong_elements\": %d}\n", what.c_str(), wrong ? "false" : "true", wrong);
    std::fflush(stdout);
  }
};

/// The weights of every question but the transposed one: 64 outputs by 16 channels, in planes of eight channels.
void put_weights(Operands& operands) {
  for (int n = 0; n < 64; n++)
    for (int k = 0; k < 16; k++) {
      operands.b[n][k] = next_number();
      operands.put(kWeightsAt + k / 8 * 1024 + n * 16 + k % 8 * 2, operands.b[n][k]);
    }
}

const uint64_t kWeights = descriptor(kWeightsAt, 64, 8);

/// The gather: a patch of 8 x 8 positions in a halo, shifted by a tap.
void ask_gather(Probe& probe, int width, int down, int across) {
  Operands operands;
  int pitch = kHaloRows * width + 2;
  std::vector<float> halo(size_t(kHaloRows * width * 16));
  for (int position = 0; position < kHaloRows * width; position++)
    for (int k = 0; k < 16; k++) {
      float value = halo[size_t(position * 16 + k)] = next_number();
      operands.put(long(k / 8) * pitch * 16 + position * 16 + k % 8 * 2, value);
    }
  put_weights(operands);
  for (int i = 0; i < 64; i++)
    for (int k = 0; k < 16; k++) operands.a[i][k] = halo[size_t(((i / 8 + down) * width + i % 8 + across) * 16 + k)];
  probe.ask("gather: halo rows of " + std::to_string(width) + ", tap (" + std::to_string(down) + ", " + std::to_string(across) + ")", operands,
            descriptor((down * width + across) * 16, pitch, width), kWeights, false);
}

/// The weight gradient: 16 positions, eight of each of two rows, by 64 channels, transposed; gradients in registers.
void ask_weight_gradient(Probe& probe, int tap, bool swapped) {
  Operands operands;
  const int width = 34, pitch = kHaloRows * width + 1;
  std::vector<float> halo(size_t(kHaloRows * width * 64));
  for (int position = 0; position < kHaloRows * width; position++)
    for (int n = 0; n < 64; n++) {
      float value = halo[size_t(position * 64 + n)] = next_number();
      operands.put(long(n / 8) * pitch * 16 + position * 16 + n % 8 * 2, value);
    }
  for (int i = 0; i < 64; i++)
    for (int k = 0; k < 16; k++) {
      operands.a[i][k] = next_number();
      operands.put(kWeightsAt + (i * 16 + k) * 2, operands.a[i][k]);
      operands.b[i][k] = halo[size_t(((k < 8 ? k : k - 8 + width) + tap) * 64 + i)];
    }
  probe.ask("weight gradient: tap " + std::to_string(tap) + (swapped ? ", strides swapped" : ""), operands, uint64_t(kWeightsAt / 16),
            swapped ? descriptor(tap * 16, pitch, width) : descriptor(tap * 16, width, pitch), true);
}

/// Not used yet: rows of 64 channels with the 128-byte swizzle of tensor-memory copies, shifted by whole positions.
void ask_swizzled(Probe& probe, int width, int down, int across, int step, bool base_by_formula) {
  Operands operands;
  std::vector<float> halo(size_t(kHaloRows * width * 64));
  for (int position = 0; position < kHaloRows * width; position++)
    for (int k = 0; k < 64; k++) {
      float value = halo[size_t(position * 64 + k)] = next_number();
      operands.put(long(position) * 128 + ((k / 8) ^ (position % 8)) * 16 + k % 8 * 2, value);
    }
  put_weights(operands);
  for (int i = 0; i < 64; i++)
    for (int k = 0; k < 16; k++) operands.a[i][k] = halo[size_t(((i / 8 + down) * width + i % 8 + across) * 64 + step * 16 + k)];
  long start = long(down * width + across) * 128;
  probe.ask("swizzled: halo rows of " + std::to_string(width) + ", tap (" + std::to_string(down) + ", " + std::to_string(across) + "), step " + std::to_string(step) +
                (base_by_formula ? ", base offset by address" : ", base offset 0"),
            operands, descriptor(start + step * 32, 1, width * 8, 1, base_by_formula ? int(start >> 7 & 7) : 0), kWeights, false);
}

int products(const Driver& driver) {
  Probe probe{driver};
  for (int width : {34, 40, 10})
    for (auto [down, across] : {std::pair{0, 0}, {0, 1}, {1, 2}, {2, 0}}) ask_gather(probe, width, down, across);
  ask_gather(probe, 34, 0, 4);
  for (int tap = 0; tap < 3; tap++) ask_weight_gradient(probe, tap, false);
  int used = probe.asked - probe.right;
  std::printf("%d of %d products in the layouts of the convolutions are right\n", probe.right, probe.asked);
  if (used == 0) return 0;
  for (int tap = 0; tap < 3; tap++) ask_weight_gradient(probe, tap, true);  // if the manual was misread, this is how
  std::printf("%d of the layouts of the convolutions are wrong\n", used);
  return 1;
}

int swizzled(const Driver& driver) {
  Probe probe{driver};
  for (int width : {34, 40})
    for (bool by_formula : {false, true})
      for (int i = 0; i < 4; i++) ask_swizzled(probe, width, i / 2, i == 3 ? 0 : i % 3, i, by_formula);
  std::printf("%d of %d products of swizzled halos are right\n", probe.right, probe.asked);
  return 0;
}

int rates(const Driver& driver, int rounds) {
  const struct {
    const char* what;
    uint64_t a;
    uint32_t patch, step, shift;
  } cases[] = {{"tiles on 128-byte lines", descriptor(0, 512, 8), 64, 1024, 0},
               {"halo rows of 34, taps shifted by 16 bytes (the gather)", descriptor(0, 442, 34), 8, 884, 1},
               {"halo rows of 40, taps shifted by 16 bytes", descriptor(0, 488, 40), 8, 976, 1},
               {"128-byte swizzle, aligned", descriptor(0, 1, 64, 1), 512, 2, 0},
               {"128-byte swizzle, halo rows of 34, shifted by rows", descriptor(0, 1, 272, 1), 64, 2, 8}};
  Driver::Address out = driver.allocate(1024);
  for (auto& c : cases) {
    ProbeRate parameters{reinterpret_cast<float*>(out), c.a, descriptor(100 * 1024, 128, 8), c.patch, c.step, 256, c.shift, rounds};
    driver.run("probe_rate", driver.multiprocessors(), 256, kImageBytes, parameters);
    float ms = driver.run("probe_rate", driver.multiprocessors(), 256, kImageBytes, parameters);
    std::printf("{\"what\": \"m64n128k16, %s\", \"tflops\": %.0f}\n", c.what, driver.multiprocessors() * 2. * rounds * 8 * 64 * 128 * 16 * 2 / ms / 1e9);
    std::fflush(stdout);
  }
  std::printf("rates of products in five layouts\n");
  return 0;
}

int arrivals(const Driver& driver, int rounds) {
  int blocks = driver.multiprocessors() / 2 * 2;
  Driver::Address out = driver.allocate(size_t(blocks) * 64 * 256 * 4);
  for (int stores : {0, 1})
    for (const char* kernel : {"probe_arrivals_release", "probe_arrivals_plain"}) {
      ProbeArrivals parameters{reinterpret_cast<float*>(out), rounds, stores};
      driver.run(kernel, blocks, 256, 1024, parameters);
      float ms = driver.run(kernel, blocks, 256, 1024, parameters);
      std::printf("{\"what\": \"%s%s\", \"ns_per_arrival\": %.1f}\n", kernel, stores ? ", with stores under way" : "", 1e6 * ms / rounds);
      std::fflush(stdout);
    }
  std::printf("times of arrivals at the other block's barrier\n");
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  std::string part = count > 1 ? arguments[1] : "";
  int rounds = count > 3 ? std::atoi(arguments[3]) : 4000;
  if (count < 3 || rounds < 1 || (part != "products" && part != "swizzled" && part != "rates" && part != "arrivals")) {
    std::fprintf(stderr, "usage: gpu_probe products|swizzled|rates|arrivals CUBIN [ROUNDS]\n");
    return 2;
  }
  try {
    Driver driver(arguments[2]);
    return part == "products" ? products(driver) : part == "swizzled" ? swizzled(driver) : part == "rates" ? rates(driver, rounds) : arrivals(driver, rounds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpu_probe: %s\n", error.what());
    return 6;
  }
}

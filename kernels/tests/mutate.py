#!/usr/bin/env python3
"""Plants bugs in the kernels, one at a time, and demands that the tests find every one.

usage: mutate.py [--compiler g++] [--only TEXT] [--record FILE]    (Python's standard library only)

Each mutation replaces one text of one file by another, however the first is wrapped, recompiles the one source that it concerns, links it with the
unchanged rest and runs the test that should notice, up to its first failure: convolutions first in the kernels of one family, which is faster.
Survivors are printed, and are an error.
With --record, bugs that the file says were caught are not tried again, and those caught now are added: an interrupted run goes on.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

KERNELS = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=c++17", "-O1", "-DCUDA_EMULATION", "-Wno-unknown-pragmas", "-fno-strict-aliasing", "-ffp-contract=off", "-pthread", "-w"]

# Of a test: the longest take 60 seconds of a processor, and on a busy machine many times as long by the clock.
PROCESSOR_SECONDS, SECONDS = 600, 3600

# What a test ends with that finds no kernel of a name (harness.h): no bug was caught then.
NO_KERNEL = 2

FORWARD, DATA, WEIGHTS, PACK = "convolution/forward", "convolution/backward_data", "convolution/backward_weights", "convolution/pack"
OPERAND, OPERANDS = "convolution/operand", ("convolution_test", ["1", "operands only"])
CONVOLUTION, HOPPER, NARROW = ("convolution_test", ["3"]), ("convolution_test", ["3", "wgmma"]), ("convolution_test", ["1", "bf16x"])
FEW = ("convolution_test", ["3", "bf16x3_c8"])
STORED = ("convolution_test", ["2", "bf16_"])

# what is wrong, file, original text, mutated text, source to compile, test
MUTATIONS = [
    ("no barrier before the products (simt)", "convolution/gather_simt.cuh", "copy_async_wait<0>();\n      }\n      __syncthreads();", "copy_async_wait<0>();\n      }", FORWARD, CONVOLUTION),
    ("no barrier after the products (simt)", "convolution/gather_simt.cuh", "      __syncthreads();  // the next stage", "      // the next stage", FORWARD, CONVOLUTION),
    ("no barrier before the products (mma)", "convolution/gather_mma.cuh", "copy_async_wait<0>();\n      }\n      __syncthreads();", "copy_async_wait<0>();\n      }", FORWARD, CONVOLUTION),
    ("no barrier after the products (mma)", "convolution/gather_mma.cuh", "      __syncthreads();  // the next stage", "      // the next stage", FORWARD, CONVOLUTION),
    ("waits for one group of copies too few", "convolution/gather_mma.cuh", "copy_async_wait<1>();", "copy_async_wait<2>();", FORWARD, CONVOLUTION),
    ("last copies are not waited for", "convolution/gather_simt.cuh", "copy_async_wait<0>();", "copy_async_wait<1>();", FORWARD, CONVOLUTION),
    ("one buffer of weights instead of two", "convolution/gather_mma.cuh", "weights + (stage + 1) % 2 * kStageBytes", "weights", FORWARD, CONVOLUTION),
    ("halo begins one column late", "convolution/tile.cuh", "edge(first.width, p.input_step.width, p.tap_base.width,", "edge(first.width, p.input_step.width, 1 + p.tap_base.width,", FORWARD, CONVOLUTION),
    ("halo row counted with the tile's width", "convolution/tile.cuh", "(depth * p.halo.height + height) * p.halo.width + from_edge", "(depth * p.halo.height + height) * p.tile.width + from_edge", FORWARD, CONVOLUTION),
    ("dilation ignored along the height", "convolution/tile.cuh", "height = from_edge(tap.height, p.tap_step.height, p.taps.height)", "height = from_edge(tap.height, 1, p.taps.height)", FORWARD, CONVOLUTION),
    ("normalizes the padding", "convolution/gather_simt.cuh", "if (position >= 0) {\n          load_existing", "{\n          if (position < 0) position = 0;\n          load_existing", FORWARD, CONVOLUTION),
    ("mirrors without repeating the border", "convolution/tile.cuh", "return i < 0 ? -1 - i :", "return i < 0 ? -i :", FORWARD, CONVOLUTION),
    ("output positions outside of the grid are stored", "convolution/tile.cuh", "at.width >= p.count.width) return -1;", "false) return -1;", FORWARD, CONVOLUTION),
    ("overwrites where it shall accumulate (simt)", "convolution/gather_simt.cuh", "if (p.accumulate) sums[i][j] += load_element(p.y, element, p.y_bfloat16);", "", FORWARD, CONVOLUTION),
    ("overwrites where it shall accumulate (mma)", "convolution/gather_mma.cuh", "if (p.accumulate) sum += target;", "", FORWARD, CONVOLUTION),
    ("skips the last tap of a stage", "convolution/gather_mma.cuh", "tap < taps && tap < first + kTapsPerStage", "tap < taps && tap < first + kTapsPerStage - 1", FORWARD, CONVOLUTION),
    ("wrong row of a weight fragment", "convolution/gather_mma.cuh", "j * 8 + lane % 8 + lane / 16 * 8) * 16", "j * 8 + lane % 8) * 16", FORWARD, CONVOLUTION),
    ("leaves out the smallest products of bf16x6", "convolution/gather_mma.cuh", "for (int order = Parts - 1; order >= 0; order--)", "for (int order = Parts > 2 ? 1 : Parts - 1; order >= 0; order--)", FORWARD, CONVOLUTION),
    ("second bfloat16 part not of the remainder", "common/bfloat16.cuh", "values[2 * i] -= bfloat16_low(packed[i]);", "", FORWARD, CONVOLUTION),
    ("bias added twice", "convolution/gather_simt.cuh", "store_element(p.y, element, p.y_bfloat16, sums[i][j]);", "store_element(p.y, element, p.y_bfloat16, sums[i][j] + (p.bias ? p.bias[first_channel + column * 4 + j] : 0.0f));", FORWARD, CONVOLUTION),
    ("statistics count positions outside of the grid", "convolution/moments.cuh", "if (elements[i] < 0) continue;\n          float deviation", "float deviation", FORWARD, CONVOLUTION),
    ("statistics without dropout", "convolution/moments.cuh", "output = mask.apply(kept, j / 2 * 8 + j % 2, output);", "", FORWARD, CONVOLUTION),
    ("shift added before the scale", "common/input_transform.cuh", "value = value * scale + shift;", "value = (value + shift) * scale;", FORWARD, CONVOLUTION),
    ("bulk copies of the weights are not waited for", "convolution/gather_wgmma.cuh", "barrier_wait(&barriers.weights_full[stage], step / kStages % 2);", "", FORWARD, HOPPER),
    ("waits for the other phase of the weights", "convolution/gather_wgmma.cuh", "barrier_wait(&barriers.weights_full[stage], step / kStages % 2);", "barrier_wait(&barriers.weights_full[stage], step / kStages % 2 ^ 1);", FORWARD, HOPPER),
    ("weights are overwritten before they were read", "convolution/gather_wgmma.cuh", "barrier_wait_watched(&barriers.weights_empty[stage], step / kStages % 2 ^ 1);", "barrier_wait_watched(&barriers.weights_empty[stage], 1);", FORWARD, HOPPER),
    ("expects half of the weights' bytes", "convolution/gather_wgmma.cuh", "barrier_arrive_expecting(&barriers.weights_full[stage], kTapBytes);", "barrier_arrive_expecting(&barriers.weights_full[stage], kTapBytes / 2);", FORWARD, HOPPER),
    ("a stage is released while its products run", "convolution/gather_wgmma.cuh", "warpgroup_wait<1>();  // the tap before is done", "warpgroup_wait<2>();", FORWARD, HOPPER),
    ("halo is multiplied before it is there", "convolution/gather_wgmma.cuh", "barrier_wait(&barriers.halo_full[loaded % kHalos], loaded / kHalos % 2);", "", FORWARD, HOPPER),
    ("stores are not fenced for the products", "convolution/plane_producer.cuh", "    fence_async_proxy();\n    barrier_arrive(full)", "    barrier_arrive(full)", FORWARD, HOPPER),
    ("halo is overwritten before it was read", "convolution/gather_wgmma.cuh", "barrier_wait_watched(&barriers.halo_empty[halo], loaded / kHalos % 2 ^ 1);", "", FORWARD, HOPPER),
    ("one buffer for two halos", "convolution/gather_wgmma.cuh", "halos + halo * halo_bytes,", "halos,", FORWARD, HOPPER),
    ("products without wgmma.fence", "convolution/gather_wgmma.cuh", "        warpgroup_fence();\n", "", FORWARD, HOPPER),
    ("rows of a patch lie as in the tile, not as in the halo", "convolution/gather_wgmma.cuh", "row_pitch = p.halo.width * p.input_step.height * 16", "row_pitch = p.tile.width * p.input_step.height * 16", FORWARD, HOPPER),
    ("inner tiles of the weights adjacent", "convolution/gather_wgmma.cuh", "matrix_descriptor(opaque(shared_address(stages)), Tile * 16, 128)", "matrix_descriptor(opaque(shared_address(stages)), 128, 128)", FORWARD, HOPPER),
    ("sums are read before the last product is done", "convolution/gather_wgmma.cuh", "      warpgroup_wait<0>();\n      release_buffer_of", "      warpgroup_wait<1>();\n      release_buffer_of", FORWARD, HOPPER),
    ("patches of the second warpgroup are the first's", "convolution/gather_wgmma.cuh", "opaque(threadIdx.x) / 128 * kPatches + i", "i", FORWARD, HOPPER),
    ("leaves out the smallest products (wgmma)", "convolution/gather_wgmma.cuh", "for (int order = Parts - 1; order >= 0; order--)", "for (int order = Parts > 2 ? 1 : Parts - 1; order >= 0; order--)", FORWARD, HOPPER),
    ("overwrites where it shall accumulate (wgmma)", "convolution/gather_wgmma.cuh", "low = low + bias.x + before.x;", "low = low + bias.x;", FORWARD, HOPPER),
    ("the ring of weights starts anew with each tile, its barriers do not", "convolution/gather_wgmma.cuh", "for (uint32_t end = step + steps;", "for (uint32_t end = (step = 0) + steps;", FORWARD, HOPPER),
    ("a block's later tiles are of the first sample", "convolution/gather_wgmma.cuh", "sample = number / tiles < p.samples ? number / tiles : p.samples - 1;", "sample = 0;", FORWARD, HOPPER),
    ("both blocks of a cluster have the same tile", "convolution/gather_wgmma.cuh", "i % groups * kCluster + cluster_rank()", "i % groups * kCluster", FORWARD, HOPPER),
    ("a cluster's last block stores a tile that does not exist", "convolution/gather_wgmma.cuh", "    if (tile.index == p.tiles.count()) return;", "    //", FORWARD, HOPPER),
    ("both blocks send for the same half of the weights", "convolution/gather_wgmma.cuh", "int share = cluster_rank() * kShareBytes;", "int share = 0;", FORWARD, HOPPER),
    ("weights are released in this block only", "convolution/warpgroup.cuh", "barrier_arrive_at(barrier, threadIdx.x % 32)", "barrier_arrive_at(barrier, cluster_rank())", FORWARD, HOPPER),
    ("weights wait for this block's readers only", "convolution/gather_wgmma.cuh", "kCluster * kConsumerThreads / 32", "kConsumerThreads / 32", FORWARD, HOPPER),
    ("blocks reach for barriers that may not be there yet", "convolution/gather_wgmma.cuh", "    cluster_barrier();\n    if", "    __syncthreads();\n    if", FORWARD, HOPPER),
    ("a block ends while the other reaches for its barriers", "convolution/gather_wgmma.cuh", "    cluster_barrier();  // no block ends", "    // no block ends", FORWARD, HOPPER),
    ("sums of the tile before are not cleared", "convolution/gather_wgmma.cuh", "    clear(sums);\n    for (int chunk", "    for (int chunk", FORWARD, HOPPER),
    ("one warpgroup's statistics are summed before the other's are there", "convolution/moments.cuh", "nullptr, scratch, value);\n    barrier_among(Threads);", "nullptr, scratch, value);", FORWARD, HOPPER),
    ("the producers wait at the consumers' barrier too", "convolution/moments.cuh", "nullptr, scratch, value);\n    barrier_among(Threads);", "nullptr, scratch, value);\n    __syncthreads();", FORWARD, HOPPER),
    ("a row of a halo is one element longer", "convolution/tile.cuh", "if (at.width >= end.width)", "if (at.width > end.width)", FORWARD, HOPPER),
    ("all loads under way are the first's", "convolution/plane_loader.cuh", "walk.advance(loader.box);", "", FORWARD, HOPPER),
    ("channels that do not exist are loaded", "convolution/plane_loader.cuh", "channel < source.channels ? box.count() : 0", "box.count()", FORWARD, HOPPER),
    ("planes start where a halo ends, not at their pitch", "convolution/gather_wgmma.cuh", "plane = HaloLoader::pitch(p.halo.count()), row_pitch", "plane = p.halo.count(), row_pitch", FORWARD, HOPPER),
    ("padding is normalized (wgmma)", "convolution/plane_loader.cuh", "if (loaded >> j & 1) transform.apply", "transform.apply", FORWARD, HOPPER),
    ("the second channel's dropout is the first's", "common/input_transform.cuh", "value = dropout.apply(kept, i, value);", "value = dropout.apply(kept, 0, value);", FORWARD, HOPPER),
    ("the table of taps starts at the second", "convolution/tile.cuh", "offsets[t] = (depth", "offsets[t] = 1 + (depth", FORWARD, CONVOLUTION),
    ("only the first 32 taps have an offset", "convolution/tile.cuh", "t < p.taps.count(); t += threads", "t < p.taps.count() && t < 32; t += threads", FORWARD, CONVOLUTION),
    ("the table of taps lies on the weights", "convolution/gather_mma.cuh", "char *weights = shared + TapOffsets::bytes(p)", "char *weights = shared", FORWARD, CONVOLUTION),
    ("the halo's channels stay the first ones (simt)", "convolution/gather_simt.cuh", "first += p.chunk;", "", FORWARD, CONVOLUTION),
    ("patches lie in the halo as close as in a tile without stride", "convolution/tile.cuh", "at.depth * p.input_step.depth * p.halo.height + at.height * p.input_step.height", "at.depth * p.input_step.depth * p.halo.height + at.height", FORWARD, CONVOLUTION),
    ("patches below one another are beside each other", "convolution/gather_wgmma.cuh", "p.tile.height / 8, p.tile.width / 8}", "p.tile.width / 8, p.tile.height / 8}", FORWARD, HOPPER),
    ("rows of a warp give away what they shall keep", "convolution/moments.cuh", "float given = upper ? values[i] : values[i + left];", "float given = upper ? values[i + left] : values[i];", FORWARD, CONVOLUTION),
    ("a lane's sums count as the first half's", "convolution/moments.cuh", "first += upper ? left : 0;", "", FORWARD, CONVOLUTION),
    ("the last of eight rows is left out", "convolution/moments.cuh", "flip >= Lanes; flip /= 2", "flip > Lanes; flip /= 2", FORWARD, CONVOLUTION),
    ("a quad shares the bits of the wrong owner", "convolution/moments.cuh", "lane - quad_lane + run / kShare", "lane - quad_lane + run % 4", FORWARD, HOPPER),
    ("all lanes of a quad keep the first one's channels", "convolution/moments.cuh", ">> (quad_lane * 2);", ";", FORWARD, CONVOLUTION),
    ("pivots are read before they are there", "convolution/moments.cuh", "approximate_reciprocal(count);\n    barrier_among(Threads);", "approximate_reciprocal(count);", FORWARD, CONVOLUTION),
    ("squares are added up as deviations", "convolution/moments.cuh", "sum_over_warps(scratch + kWarps * Tile)", "sum_over_warps(scratch)", FORWARD, CONVOLUTION),
    ("later samples' outputs lie on the first one's", "convolution/tile.cuh", "return static_cast<long long>(sample) * p.output.count() * p.outputs;", "return 0;", FORWARD, CONVOLUTION),
    ("a walk over a box never comes to the next slice", "convolution/tile.cuh", "if (at.height >= end.height) at.height -= box.height, at.depth++;", "if (at.height >= end.height) at.height -= box.height;", FORWARD, CONVOLUTION),
    ("all samples are normalized as the first", "common/input_transform.cuh", "transform.scale + static_cast<long long>(sample) * channels + channel,", "transform.scale + channel,", FORWARD, CONVOLUTION),
    ("dropout on load without its normalization", "common/input_transform.cuh", "else use(ChannelTransform<Count, true, true>", "else use(ChannelTransform<Count, false, true>", FORWARD, CONVOLUTION),
    ("dropout of the first sample for all", "convolution/plane_loader.cuh", "transform.kept_in_block(first_element / 8 +", "transform.kept_in_block(", FORWARD, HOPPER),
    ("lanes keep the half that they shall give away", "convolution/quad_store.cuh", "kept = odd ? second : first", "kept = odd ? first : second", FORWARD, STORED),
    ("a pair of lanes stores its halves the wrong way round", "convolution/quad_store.cuh", "odd ? make_uint2(received, kept)", "odd ? make_uint2(kept, received)", FORWARD, STORED),
    ("stores bfloat16 beyond the last channel", "convolution/quad_store.cuh", "elements[i] >= 0 && channel < channels", "elements[i] >= 0", FORWARD, STORED),
    ("overwrites where it shall accumulate (bfloat16)", "convolution/quad_store.cuh", "if (accumulate) {", "if (false) {", FORWARD, STORED),
    ("statistics of rounded outputs", "convolution/quad_store.cuh", "      uint32_t first = pack", "      value(i, run * 2) = bfloat16_low(pack_bfloat16(value(i, run * 2), 0.0f));\n      uint32_t first = pack", FORWARD, STORED),
    ("the halo's copies are not waited for", "convolution/gather_mma.cuh", "return copy_async_commit();", "return;", DATA, STORED),
    ("padding of stored channels is read from the image", "convolution/plane_loader.cuh", "at(x, position, row_bytes), position >= 0);", "at(x, position < 0 ? 0 : position, row_bytes), i < existing);", DATA, STORED),
    ("stored channels are normalized beyond the border", "convolution/plane_filler.cuh", "pack_bfloat16(values[0], values[1]) & mask[j]", "pack_bfloat16(values[0], values[1])", WEIGHTS, STORED),
    ("stored channels are dropped by the first one's bits", "convolution/plane_filler.cuh", "apply(kept[j], half * 4 + i * 2 + k,", "apply(kept[j], i * 2 + k,", WEIGHTS, STORED),
    ("the second half of stored channels has the first's scale", "convolution/plane_filler.cuh", "::load(scales, scale + half * 4);", "::load(scales, scale);", WEIGHTS, STORED),
    ("copies into the next stage are not waited for", "convolution/weight_gradient_mma.cuh", "if constexpr (Parts == 1) copy_async_wait<0>();", "", WEIGHTS, STORED),
    ("copies are never closed", "convolution/weight_gradient_mma.cuh", "      copy_async_commit();\n", "", WEIGHTS, STORED),
    ("mirrored positions of stored channels are clipped", "convolution/weight_gradient_mma.cuh", "if (p.symmetric) load_input<Element>(p, block, walk, start, header, halo, mirror, target);\n      else load_input", "load_input", WEIGHTS, STORED),
    ("bfloat16 is cut off instead of rounded (simt)", "common/vector_access.cuh", "target->bits = static_cast<uint16_t>(pack_bfloat16(values[0], 0.0f));", "target->bits = static_cast<uint16_t>(__float_as_uint(values[0]) >> 16);", FORWARD, ("convolution_test", ["2", "simt"])),
    ("residues of the stride start at zero", "convolution/tile.cuh", "p.start.width + at.width * p.output_step.width", "at.width * p.output_step.width", DATA, CONVOLUTION),
    ("a corner of the padding is not folded", "convolution/backward_data.cu", "for (int x = z + y == 0 ? 1 : 0; x < 3; x++) {", "for (int x = z + y == 0 ? 1 : 0; x < (z + y == 0 ? 3 : 2); x++) {", DATA, CONVOLUTION),
    ("a position is added to itself", "convolution/backward_data.cu", "int x = z + y == 0 ? 1 : 0;", "int x = 0;", DATA, CONVOLUTION),
    ("the fold overwrites what the image's taps gave", "convolution/backward_data.cu", "walk.digits[0]] += sum;", "walk.digits[0]] = sum;", DATA, CONVOLUTION),
    ("all boxes of the border are the first", "convolution/backward_data.cu", "p.boxes[blockIdx.y]", "p.boxes[0]", DATA, CONVOLUTION),
    ("boxes begin at the image's first row", "convolution/backward_data.cu", "Size3 at = box.from + Size3{", "Size3 at = Size3{box.from.depth, 0, box.from.width} + Size3{", DATA, CONVOLUTION),
    ("later samples are folded into the first", "convolution/backward_data.cu", "(walk.quotient * p.input.count() +", "(", DATA, CONVOLUTION),
    ("strips gather the first one's gradients", "convolution/backward_data.cu", "Gather::run(p.gathers[gather], index", "Gather::run(p.gathers[0], index", DATA, CONVOLUTION),
    ("samples of a strip are the launch's", "convolution/backward_data.cu", "index - gather * samples)", "index)", DATA, CONVOLUTION),
    ("the second tap of a pair reads at the first's place", "convolution/gather_mma.cuh", "kTogether == 2 && lane >= 16 && tap + 1 < taps ? tap + 1 : tap", "tap", FORWARD, FEW),
    ("a tap without a partner reads beyond the table of taps", "convolution/gather_mma.cuh", "kTogether == 2 && lane >= 16 && tap + 1 < taps", "kTogether == 2 && lane >= 16", FORWARD, FEW),
    ("a tap without a partner has the weights of an earlier one", "convolution/gather_mma.cuh", "*reinterpret_cast<uint4*>(buffer + bytes + i) = make_uint4(0, 0, 0, 0);", ";", FORWARD, FEW),
    ("every other pair of taps is skipped", "convolution/gather_mma.cuh", "tap += kTogether", "tap += 2 * kTogether", FORWARD, FEW),
    ("the halves of a pair's weights are a tile apart in every precision", "convolution/gather_mma.cuh", "kHalfRows = kPlanes == 1 ? Parts * Tile : Tile", "kHalfRows = Tile", FORWARD, FEW),
    ("with one plane the second half of a product reads the next part", "convolution/gather_mma.cuh", "plane = kTogether == 2 ? 0 : lane / 16", "plane = lane / 16", FORWARD, FEW),
    ("weights are not transposed", "convolution/pack.cu", "p.weights + (p.transposed ?", "p.weights + (false ?", PACK, CONVOLUTION),
    ("last split is lost", "convolution/backward_weights.cu", "split < p.splits", "split < p.splits - 1 + (p.splits == 1)", WEIGHTS, NARROW),
    ("no barrier between load and products (weight gradient)", "convolution/backward_weights.cu", "gy[2], gy[3]);\n      }\n      __syncthreads();", "gy[2], gy[3]);\n      }", WEIGHTS, ("convolution_test", ["3", "simt"])),
    ("thread groups are added before all have written", "convolution/backward_weights.cu", "sums[i][j];\n      __syncthreads();", "sums[i][j];", WEIGHTS, ("convolution_test", ["3", "simt"])),
    ("positions walk into the same sample again", "convolution/weight_gradient_tile.cuh", "at.depth -= output.depth, sample++;", "at.depth -= output.depth;", WEIGHTS, ("convolution_test", ["3", "simt"])),
    ("a row of positions is one longer", "convolution/weight_gradient_tile.cuh", "if (at.width >= box.width) at.width", "if (at.width > box.width) at.width", WEIGHTS, ("convolution_test", ["3", "simt"])),
    ("no barrier between two tiles", "convolution/weight_gradient_mma.cuh", "next.following(p.tiles);\n      __syncthreads();", "next.following(p.tiles);", WEIGHTS, NARROW),
    ("a tile is loaded where the one before is multiplied", "convolution/weight_gradient_mma.cuh", "((step + 1) & 1) * block.stage_bytes", "(step & 1) * block.stage_bytes", WEIGHTS, NARROW),
    ("splits overlap by one tile (mma)", "convolution/weight_gradient_mma.cuh", "< all ? p.tiles_per_split :", "< all ? p.tiles_per_split + 1 :", WEIGHTS, NARROW),
    ("a row of tiles is one longer", "convolution/position_box.cuh", "++next.tile.width < tiles.width", "++next.tile.width <= tiles.width", WEIGHTS, NARROW),
    ("tiles stay in the first sample", "convolution/position_box.cuh", "next.sample++;", "", WEIGHTS, NARROW),
    ("coefficients are the first sample's", "convolution/weight_gradient_mma.cuh", "step < 0 || next.begins_sample()", "step < 0", WEIGHTS, NARROW),
    ("no barrier between coefficients and their readers", "convolution/weight_gradient_mma.cuh", "load_coefficients(p, header, next.sample);\n        __syncthreads();", "load_coefficients(p, header, next.sample);", WEIGHTS, NARROW),
    ("rows before the image are read", "convolution/position_box.cuh", "clip(-from.height, box.height)", "0", WEIGHTS, NARROW),
    ("columns behind the image are read", "convolution/position_box.cuh", "clip(image.width - from.width, box.width)", "box.width", WEIGHTS, NARROW),
    ("positions beyond a tile are its first", "convolution/weight_gradient_mma.cuh", "BoxElement{BoxElement::kNowhere, 0}", "BoxElement::of(0, p.tile, p.output, one)", WEIGHTS, NARROW),
    ("the stride is ignored along the height (mma)", "convolution/weight_gradient_mma.cuh", "p.halo.height + at.height * p.stride.height)", "p.halo.height + at.height)", WEIGHTS, NARROW),
    ("taps of a row are neighbours whatever the dilation (mma)", "convolution/weight_gradient_mma.cuh", "tap.width * p.dilation.width;", "tap.width;", WEIGHTS, NARROW),
    ("a part of the planes overwrites the one before", "convolution/plane_filler.cuh", "(part * fill.planes * fill.pitch + m) * 16", "m * 16", WEIGHTS, NARROW),
    ("warps with the same rows have the same positions", "convolution/weight_gradient_mma.cuh", "(thread / 32 >> p.row_bits) * kStep", "0 * kStep", WEIGHTS, NARROW),
    ("half of the warps' sums are lost", "convolution/weight_gradient_mma.cuh", "warps >= 1 << p.row_bits; warps /= 2", "warps > 1 << p.row_bits; warps /= 2", WEIGHTS, NARROW),
    ("sums are added before they are exchanged", "convolution/weight_gradient_mma.cuh", "sums[i][j][2], sums[i][j][3]);\n      }\n      __syncthreads();", "sums[i][j][2], sums[i][j][3]);\n      }", WEIGHTS, NARROW),
    ("padding is normalized (mma)", "convolution/plane_filler.cuh", "if (positions[j] >= 0 && !transform.identity())", "if (!transform.identity())", WEIGHTS, NARROW),
    ("windows that end behind the image count as whole", "convolution/weight_gradient_mma.cuh", "last < 0 ? 0 : last / stride + 1", "last < 0 ? 0 : last / stride + 2", WEIGHTS, NARROW),
    ("folded taps are not mirrored", "convolution/weight_gradient_mma.cuh", "at + rows[i].shift, p.input, p.symmetric)", "at + rows[i].shift, p.input, false)", WEIGHTS, NARROW),
    ("channels beyond the last are written (mma)", "convolution/weight_gradient_mma.cuh", "exists ? left : 0", "exists ? 8 : 0", WEIGHTS, NARROW),
    ("leaves out the smallest products (mma weight gradient)", "convolution/weight_gradient_mma.cuh", "for (int order = Parts - 1; order >= 0; order--)", "for (int order = Parts > 2 ? 1 : Parts - 1; order >= 0; order--)", WEIGHTS, NARROW),
    ("all boxes of taps are the first", "convolution/weight_gradient_mma.cuh", "Size3 group = unflatten(blockIdx.y, groups);", "Size3 group = unflatten(0, groups);", WEIGHTS, NARROW),
    ("eight channels drop out as the first", "convolution/plane_filler.cuh", "transform.dropout.apply(kept, i, values[j][i])", "transform.dropout.apply(kept, 0, values[j][i])", WEIGHTS, NARROW),
    ("outputs beyond the last are written", "convolution/weight_gradient_mma.cuh", "if (first_output + j * 8 + e < p.outputs)", "", WEIGHTS, NARROW),
    ("slices of splits are added before they are there", "convolution/backward_weights.cu", "slices[threadIdx.x] = sum;\n    __syncthreads();", "slices[threadIdx.x] = sum;", WEIGHTS, NARROW),
    ("windows that begin before the image count as whole", "convolution/weight_gradient_mma.cuh", "inner(origin - block.inner_from, p.tile,", "inner(origin, p.tile,", WEIGHTS, NARROW),
    ("padding is normalized (operand)", "convolution/operand.cu", "if (position >= 0) {", "{\n        if (position < 0) position = 0;", OPERAND, OPERANDS),
    ("dropout of the first sample for all (operand)", "convolution/operand.cu", "kept_in_block(first / 8 +", "kept_in_block(", OPERAND, OPERANDS),
    ("every sample's planes are the first's", "convolution/operand.cu", "plane = static_cast<long long>(walk.sample) * (channels / 8) +", "plane =", OPERAND, OPERANDS),
    ("every block has the first positions", "convolution/operand.cu", "BoxWalk box(walk.from + row,", "BoxWalk box(row,", OPERAND, OPERANDS),
    ("bfloat16 numbers are taken for floats", "convolution/operand.cu", "if (p.x_bfloat16)", "if (false)", OPERAND, OPERANDS),
    ("the walk turns at the borders of the image", "convolution/operand.cu", "box.advance(p.layout.extent);", "box.advance(p.input);", OPERAND, OPERANDS),
    ("rows of an operand lie as in the halo", "convolution/plane_producer.cuh", "(depth * extent.height + height) * pitch;", "(depth * extent.height + height) * row_bytes;", DATA, HOPPER),
    ("planes of an operand lie as in shared memory", "convolution/plane_producer.cuh", "x + plane * source_plane_bytes +", "x + plane * plane_bytes +", WEIGHTS, HOPPER),
    ("the operand begins with the image", "convolution/plane_producer.cuh", "Size3 first = from - source.operand.from;", "Size3 first = from;", WEIGHTS, HOPPER),
    ("channels that do not exist are left as they were", "convolution/plane_producer.cuh", "else clear(row, row_bytes);", "", DATA, HOPPER),
    ("zeros are not fenced for the products", "convolution/plane_producer.cuh", "fence_async_proxy();\n    __syncwarp();", "__syncwarp();", DATA, HOPPER),
    ("bytes are expected of planes that do not exist", "convolution/plane_producer.cuh", "? existing * box.count()", "? Planes * box.count()", DATA, HOPPER),
    ("fewer bytes are expected than come", "convolution/plane_producer.cuh", "? existing * box.count()", "? (existing - 1) * box.count()", WEIGHTS, HOPPER),
    ("the first sample's operand for all", "convolution/plane_producer.cuh", "first_plane = static_cast<long long>(sample) * (source.channels / 8) +", "first_plane =", WEIGHTS, HOPPER),
    ("a stage waits for x and not for gy", "convolution/weight_gradient_wgmma.cuh", "Loader::kArrivals + GradientLoader::kArrivals", "Loader::kArrivals", WEIGHTS, HOPPER),
    ("a thread sends for its first row every time", "convolution/plane_producer.cuh", "i += Threads, walk.advance(rows)", "i += Threads", DATA, HOPPER),
    ("a tile is multiplied before it is there", "convolution/weight_gradient_wgmma.cuh", "barrier_wait(&header.full[stage], step / kStages % 2);", "", WEIGHTS, HOPPER),
    ("stores are not fenced for the products (weight gradient)", "convolution/plane_producer.cuh", "    fence_async_proxy();\n    barrier_arrive(full)", "    barrier_arrive(full)", WEIGHTS, HOPPER),
    ("a tile is overwritten before it was read", "convolution/weight_gradient_wgmma.cuh", "barrier_wait_watched(&header.empty[stage], step / kStages % 2 ^ 1);", "", WEIGHTS, HOPPER),
    ("a tile is released while its products run", "convolution/weight_gradient_wgmma.cuh", "      warpgroup_wait<0>();\n      release_buffer", "      release_buffer", WEIGHTS, HOPPER),
    ("gradients in registers are overwritten while products read them", "convolution/weight_gradient_wgmma.cuh", "    warpgroup_wait<0>();  // for", "    //", WEIGHTS, HOPPER),
    ("products without wgmma.fence (weight gradient)", "convolution/weight_gradient_wgmma.cuh", "    warpgroup_fence();\n", "", WEIGHTS, HOPPER),
    ("all warpgroups have the first row of taps", "convolution/weight_gradient_wgmma.cuh", "row_offset = threadIdx.x / 128 * p.dilation.height", "row_offset = 0 * p.dilation.height", WEIGHTS, HOPPER),
    ("taps of a row are neighbours whatever the dilation", "convolution/weight_gradient_wgmma.cuh", "+ tap * p.dilation.width)", "+ tap)", WEIGHTS, HOPPER),
    ("the stride is ignored along the height (wgmma)", "convolution/weight_gradient_wgmma.cuh", "p.halo.height + at.height * p.stride.height", "p.halo.height + at.height", WEIGHTS, HOPPER),
    ("later sums overwrite the first", "convolution/weight_gradient_wgmma.cuh", "          if (add)\n", "          if (false)\n", WEIGHTS, HOPPER),
    ("sums that were added are not cleared", "convolution/weight_gradient_wgmma.cuh", "        sums[tap][e] = 0.0f;\n", "", WEIGHTS, HOPPER),
    ("gradients outside of the image are mirrored", "convolution/weight_gradient_wgmma.cuh", "p.gy, p.output, p.outputs, false,", "p.gy, p.output, p.outputs, true,", WEIGHTS, HOPPER),
    ("the last group of taps is the first's", "convolution/weight_gradient_wgmma.cuh", "group = blockIdx.y;", "group = 0;", WEIGHTS, HOPPER),
    ("leaves out the smallest products (weight gradient)", "convolution/weight_gradient_wgmma.cuh", "for (int order = Parts - 1; order >= 0; order--)", "for (int order = Parts > 2 ? 1 : Parts - 1; order >= 0; order--)", WEIGHTS, HOPPER),
    ("splits overlap by one tile", "convolution/weight_gradient_wgmma.cuh", "to = from + p.tiles_per_split < tiles ? from + p.tiles_per_split : tiles;", "to = from + p.tiles_per_split < tiles ? from + p.tiles_per_split + 1 : tiles;", WEIGHTS, HOPPER),
    ("channels beyond the last are written", "convolution/weight_gradient_wgmma.cuh", "first_channel + channel < p.channels &&", "", WEIGHTS, HOPPER),
    ("splits overlap by one position", "convolution/weight_gradient_tile.cuh", "? from + p.positions_per_split : positions", "? from + p.positions_per_split + 1 : positions", WEIGHTS, ("convolution_test", ["3", "simt"])),
    ("chunks merged as if they had one mean", "common/moments.cuh", "shift * (2 * sum + shift * number);", "0;", "normalization/statistics", ("normalization_test", [])),
    ("column sums without the first barrier", "common/reduce.cuh", "lane * Count + i] = values[i];\n  __syncthreads();", "lane * Count + i] = values[i];", "normalization/statistics", ("normalization_test", [])),
    ("an absent modality's statistics are overwritten", "normalization/statistics.cu", "if (threadIdx.x == 0 && pivot != nullptr)", "if (threadIdx.x == 0)", "normalization/statistics", ("normalization_test", [])),
    ("warps' sums leave out a row", "common/reduce.cuh", "flip >= lanes", "flip > lanes", "normalization/statistics", ("normalization_test", [])),
    ("a sweep's tiles begin at one channel each", "common/channel_sweep.cuh", "(blockIdx.y * sweep.lanes + lane) * Width", "blockIdx.y * sweep.lanes + lane * Width", "normalization/apply", ("normalization_test", [])),
    ("a sweep's last chunk is a whole one", "common/channel_sweep.cuh", "< sweep.positions ? sweep.chunk : sweep.positions - from", "< sweep.positions ? sweep.chunk : sweep.chunk", "normalization/apply", ("normalization_test", [])),
    ("channels beyond the last are swept", "common/channel_sweep.cuh", "inside = channel < sweep.channels;", "inside = true;", "normalization/backward", ("normalization_test", [])),
    ("eight elements drop out by their neighbours' numbers", "common/channel_sweep.cuh", "first / 8 + static_cast<uint32_t>(offset) / 8", "first / 8 + offset", "normalization/backward", ("normalization_test", [])),
    ("coefficients of the sample before", "normalization/apply.cu", "int row = walk.sample * p.sweep.channels + walk.channel;", "int row = walk.channel;", "normalization/apply", ("normalization_test", [])),
    ("a pivot for all channels of a thread", "normalization/statistics.cu", "pivot[i] = scratch.pivots[walk.lane * Width + i];", "pivot[i] = scratch.pivots[walk.lane * Width];", "normalization/statistics", ("normalization_test", [])),
    ("moments of a thread's channels overwrite each other", "normalization/backward.cu", "target[first + column] = sum", "target[first] = sum", "normalization/backward", ("normalization_test", [])),
    ("gradient ignores the statistics", "normalization/backward.cu", "p.through_statistics ? -plain * rstd / elements", "p.through_statistics ? 0", "normalization/backward", ("normalization_test", [])),
    ("softmax without its maximum", "segmentation_loss/segmentation_loss.cu", "for (int k = 1; k < classes; k++) greatest = row[k] > greatest ? row[k] : greatest;", "greatest = 0;", "segmentation_loss/segmentation_loss", ("segmentation_loss_test", [])),
    ("unlabelled positions count", "segmentation_loss/segmentation_loss.cu", "truth < classes ? gradient + table[truth * classes + k] : gradient", "gradient + table[(truth < classes ? truth : 0) * classes + k]", "segmentation_loss/segmentation_loss", ("segmentation_loss_test", [])),
    ("clipped probabilities have a gradient", "segmentation_loss/segmentation_loss.cu", "p.floor == 0.0f || probability > p.floor", "true", "segmentation_loss/segmentation_loss", ("segmentation_loss_test", [])),
    ("windows over a place by a stride too many", "pooling/pooling.cu", "__umulhi(static_cast<uint32_t>(n), p.width_inverse)", "__umulhi(static_cast<uint32_t>(n + 1), p.width_inverse)", "pooling/pooling", ("pooling_test", [])),
    ("a row of the next sample's slices", "pooling/pooling.cu", "sample = row / size.height / size.depth;", "sample = row / size.height;", "pooling/pooling", ("pooling_test", [])),
    ("eight channels chose what the first did", "pooling/pooling.cu", "p.choice[element + i] == tap", "p.choice[element] == tap", "pooling/pooling", ("pooling_test", [])),
    ("last of equal maxima is chosen", "pooling/pooling.cu", "!(values[i] > best[i])", "!(values[i] >= best[i])", "pooling/pooling", ("pooling_test", [])),
    ("average over the whole window at the border", "pooling/pooling.cu", "p.target[element] = sum / elements;", "p.target[element] = sum / (p.window.depth * p.window.height * p.window.width);", "pooling/pooling", ("pooling_test", [])),
    ("corners are truncated", "roi_pooling/roi_pooling.cu", "rest >= 0.5f ? whole + 1 :", "", "roi_pooling/roi_pooling", ("roi_pooling_test", [])),
    ("a region ends before its second corner", "roi_pooling/roi_pooling.cu", "nearest(high * scale) - first + 1;", "nearest(high * scale) - first;", "roi_pooling/roi_pooling", ("roi_pooling_test", [])),
    ("bins of a region do not overlap", "roi_pooling/roi_pooling.cu", "to = first + ((bin + 1) * extent + bins - 1) / bins;", "to = first + (bin + 1) * extent / bins;", "roi_pooling/roi_pooling", ("roi_pooling_test", [])),
    ("a region that begins before the map is read from there", "roi_pooling/roi_pooling.cu", "from < 0 ? 0 : from", "from", "roi_pooling/roi_pooling", ("roi_pooling_test", [])),
    ("the last bin over a place is left out", "roi_pooling/roi_pooling.cu", "((at + 1) * bins + extent - 1) / extent}", "(at + 1) * bins / extent}", "roi_pooling/roi_pooling", ("roi_pooling_test", [])),
    ("a region of no image is one of the first", "roi_pooling/roi_pooling.cu", "has_image ? p.height : 0", "p.height", "roi_pooling/roi_pooling", ("roi_pooling_test", [])),
    ("the gradient forgets the score", "roi_pooling/roi_pooling.cu", "sum[j] += over[i].score * values[j];", "sum[j] += values[j];", "roi_pooling/roi_pooling", ("roi_pooling_test", [])),
    ("gradients of the regions of all images", "roi_pooling/roi_pooling.cu", "region.image == image ?", "true ?", "roi_pooling/roi_pooling", ("roi_pooling_test", [])),
    ("regions are overwritten while others read them", "roi_pooling/roi_pooling.cu", "    }\n    __syncthreads();\n  }\n  if (inside)", "    }\n  }\n  if (inside)", "roi_pooling/roi_pooling", ("roi_pooling_test", [])),
    ("the regions of the first chunk again", "roi_pooling/roi_pooling.cu", "region_at(p, first + thread)", "region_at(p, thread)", "roi_pooling/roi_pooling", ("roi_pooling_test", [])),
    ("sub-columns run over into no new column", "pixel_shuffle/pixel_shuffle.cu", "sub_column -= r, packed_column++;", "sub_column -= r;", "pixel_shuffle/pixel_shuffle", ("pooling_test", [])),
    ("only the first channels of a position are shuffled", "pixel_shuffle/pixel_shuffle.cu", "c < p.channels; c += p.lanes", "c < p.lanes && c < p.channels; c += p.lanes", "pixel_shuffle/pixel_shuffle", ("pooling_test", [])),
    ("sub-rows and sub-columns always swapped", "pixel_shuffle/pixel_shuffle.cu", "p.transposed ?", "true ?", "pixel_shuffle/pixel_shuffle", ("pooling_test", [])),
    ("SGD without weight decay", "optimizer/sgd.cu", "+ tensor.weight_decay * w", "", "optimizer/sgd", ("elementwise_test", [])),
    ("SGD looks ahead without Nesterov", "optimizer/sgd.cu", "p.nesterov != 0 ?", "p.nesterov == 0 ?", "optimizer/sgd", ("elementwise_test", [])),
    ("a tensor's first block belongs to the tensor before", "optimizer/parameters.cuh", "first_block <= block", "first_block < block", "optimizer/sgd", ("elementwise_test", [])),
    ("the last of equal maxima", "indexing/indexing.cu", "a > b || (a == b && i < j)", "a > b || (a == b && i > j)", "indexing/indexing", ("reduction_test", [])),
    ("an index beyond the axis reads on", "indexing/indexing.cu", "at >= 0 && at < p.extent ?", "at >= 0 ?", "indexing/indexing", ("reduction_test", [])),
    ("softmax forgets the other threads' maxima", "softmax/softmax.cu", "greatest = greatest >= other ? greatest : other;", "", "softmax/softmax", ("reduction_test", [])),
    ("divergence the other way round", "softmax_kl/softmax_kl.cu", "expf(teacher[k]) * (", "expf(student[k]) * (", "softmax_kl/softmax_kl", ("softmax_kl_test", [])),
    ("the gradient ignores the temperature", "softmax_kl/softmax_kl.cu", "*p.scale * p.sharpness", "*p.scale", "softmax_kl/softmax_kl", ("softmax_kl_test", [])),
    ("no barrier before the products (matmul)", "mat_mul/mat_mul.cu", "p.b_step);\n    __syncthreads();", "p.b_step);", "mat_mul/mat_mul", ("mat_mul_test", [])),
    ("a slice too many is multiplied", "mat_mul/mat_mul.cu", "k + slice < depth", "k + slice <= depth", "mat_mul/mat_mul", ("mat_mul_test", [])),
    ("Adam without L2", "optimizer/adam.cu", "g += l2 * w;", "", "optimizer/adam", ("elementwise_test", [])),
    ("a replayed update keeps the rate it was recorded with", "optimizer/adam.cu", "p.replayed_rate == nullptr ? p.rate : *p.replayed_rate", "p.rate", "optimizer/adam", ("elementwise_test", [])),
    ("a replayed mask keeps the stream it was recorded with", "elementwise/dropout.cu", "(p.stream_offset == nullptr ? 0 : *p.stream_offset)", "0", "elementwise/dropout", ("elementwise_test", [])),
    ("wrong lane of the random block", "elementwise/dropout.cu", "lanes[i / 2] >> (i % 2 * 16)", "lanes[i / 2] >> ((1 - i % 2) * 16)", "elementwise/dropout", ("elementwise_test", [])),
    ("a lane at the threshold is kept", "elementwise/dropout.cu", "& 0xffffu) < mask.threshold", "& 0xffffu) <= mask.threshold", "elementwise/dropout", ("elementwise_test", [])),
    ("all masks are the first one", "elementwise/dropout.cu", "p.masks[blockIdx.y]", "p.masks[0]", "elementwise/dropout", ("elementwise_test", [])),
    ("a word repeats its first eight bits", "elementwise/dropout.cu", "4 * word + i)", "4 * word)", "elementwise/dropout", ("elementwise_test", [])),
    ("the upper half of the seed is lost", "elementwise/dropout.cu", "static_cast<uint32_t>(mask.seed >> 32), static_cast<uint32_t>(block)", "0, static_cast<uint32_t>(block)", "elementwise/dropout", ("elementwise_test", [])),
    ("eight elements are kept by the first one's bit", "elementwise/dropout.cu", "p.mask.apply(kept, j, values[j])", "p.mask.apply(kept, 0, values[j])", "elementwise/dropout", ("elementwise_test", [])),
    ("bits of the byte behind are not read", "common/dropout_mask.cuh", "i * 8 < count + 7", "i * 8 < count", FORWARD, CONVOLUTION),
    ("bits begin with their byte", "common/dropout_mask.cuh", "return found >> shift;", "return found;", "elementwise/dropout", ("elementwise_test", [])),
    ("the shortcut of the first position everywhere", "elementwise/elementwise.cu", "load(others, added + position);", "load(others, added);", "elementwise/elementwise", ("elementwise_test", [])),
    ("channels are copied to where they were", "elementwise/elementwise.cu", "+ p.y_start + walk.channel", "+ walk.channel", "elementwise/elementwise", ("elementwise_test", [])),
    ("narrow shortcut not centred", "elementwise/elementwise.cu", "int channel = walk.channel - p.margin;", "int channel = walk.channel;", "elementwise/elementwise", ("elementwise_test", [])),
    ("digits do not carry", "common/digit_walk.cuh", "digits[i] += steps_[i] + carry;", "digits[i] += steps_[i];", PACK, CONVOLUTION),
    ("a digit reaches its radix", "common/digit_walk.cuh", "carry = digits[i] >= radices_[i] ? 1 : 0;", "carry = digits[i] > radices_[i] ? 1 : 0;", PACK, CONVOLUTION),
    ("packed parts lie side by side", "convolution/pack.cu", "target[part * plane_runs] = parts[part]", "target[part] = parts[part]", PACK, CONVOLUTION),
    ("images before the border are not folded", "convolution/backward_data.cu", "for (int y = 0; y < 3; y++)", "for (int y = 0; y < 3; y += 2)", DATA, CONVOLUTION),
    ("the last digit is not carried", "common/digit_walk.cuh", "quotient += quotient_step_ + carry;", "quotient += quotient_step_;", "reduction/broadcast", ("reduction_test", [])),
    ("steps by whole quotients only", "common/digit_walk.cuh", "digits[i] += steps_[i] + carry;", "digits[i] += carry;", "indexing/indexing", ("reduction_test", [])),
    ("carries one step late", "common/digit_walk.cuh", "carry = digits[i] >= radices_[i] ? 1 : 0;", "carry = digits[i] > radices_[i] ? 1 : 0;", "indexing/indexing", ("reduction_test", [])),
    ("a position behind the chunk is summed", "normalization/backward.cu", "if (j > 0 && at + j * walk.step >= walk.end) break;", "", "normalization/backward", ("normalization_test", [])),
    ("a position behind the chunk is written", "normalization/backward.cu", "if (j > 0 && place >= walk.end) break;", "", "normalization/backward", ("normalization_test", [])),
    ("both positions of a round are the first", "common/channel_sweep.cuh", "end ? at + j * step : at", "end ? at : at", "normalization/apply", ("normalization_test", [])),
    ("neighbours change places where they are rounded", "common/vector_access.cuh", "pack_bfloat16(values[i], values[i + 1])", "pack_bfloat16(values[i + 1], values[i])", "normalization/backward", ("normalization_test", [])),
    ("neighbours change places where they are read", "common/vector_access.cuh", "values[i + 2 * j] = bfloat16_low(pairs[j])", "values[i + 2 * j] = bfloat16_high(pairs[j])", "elementwise/elementwise", ("elementwise_test", [])),
    ("a single number is stored as zero", "common/vector_access.cuh", "pack_bfloat16(values[0], 0.0f)", "pack_bfloat16(0.0f, values[0])", "elementwise/dropout", ("elementwise_test", [])),
    ("gradients in float are read as bfloat16", "normalization/backward.cu", "apply<8, BFloat16, float, BFloat16>(p)", "apply<8, BFloat16, BFloat16, BFloat16>(p)", "normalization/backward", ("normalization_test", [])),
    ("column sums of the first warp only", "common/reduce.cuh", "warp < Threads / 32", "warp < 1", "normalization/backward", ("normalization_test", [])),
    ("gradients of a channel before its sums are there", "normalization/backward.cu", "layout.channels + channel);\n  __syncthreads();", "layout.channels + channel);", "normalization/backward", ("normalization_test", [])),
    ("every sample has its own pivot", "normalization/statistics.cu", "if (pivot == nullptr) pivot =", "pivot =", "normalization/statistics", ("normalization_test", [])),
    ("all running statistics are the first", "normalization/statistics.cu", "p.updates[blockIdx.y]", "p.updates[0]", "normalization/statistics", ("normalization_test", [])),
    ("eight elements are kept as the first eight", "elementwise/dropout.cu", "p.mask.kept_eight(i)", "p.mask.kept_eight(0)", "elementwise/dropout", ("elementwise_test", [])),
    ("statistics of all chunks but the last", "normalization/statistics.cu", "walk.quotient < p.chunks", "walk.quotient + 1 < p.chunks", "normalization/statistics", ("normalization_test", [])),
    ("the next plane's pixels are those of the first", "augmentation/augmentation.cu", "long long plane = sample + walk.quotient * pixels;", "long long plane = sample;", "augmentation/augmentation", ("augmentation_test", [])),
    ("outside of the image lies the border", "augmentation/augmentation.cu", "               : outside;\n  }\n\n  /// Between", "               : pixels[0];\n  }\n\n  /// Between", "augmentation/augmentation", ("augmentation_test", [])),
    ("all volumes have the first one's outside", "augmentation/augmentation.cu", "outside = static_cast<float>(numbers[volume_numbers]);", "outside = static_cast<float>(numbers[kSpatialNumbers + kStreamNumbers]);", "augmentation/augmentation", ("augmentation_test", [])),
    ("labels of the pixel above", "augmentation/augmentation.cu", "floorf(source_row + 0.5f)", "floorf(source_row)", "augmentation/augmentation", ("augmentation_test", [])),
    ("shares of rows and columns change places", "augmentation/augmentation.cu", "source_row - top, source_column - left)", "source_column - left, source_row - top)", "augmentation/augmentation", ("augmentation_test", [])),
    ("displacement to the right is that downwards", "augmentation/augmentation.cu", "control_points[points * points + point]", "control_points[point]", "augmentation/augmentation", ("augmentation_test", [])),
    ("control points are read before they are there", "augmentation/augmentation.cu", "numbers[first_control_point + i]);\n  __syncthreads();", "numbers[first_control_point + i]);", "augmentation/augmentation", ("augmentation_test", [])),
    ("moments of the first warp only", "augmentation/augmentation.cu", "for (int warp = 1; warp < kWarps; warp++) all.add(of_warps[warp]);", "", "augmentation/augmentation", ("augmentation_test", [])),
    ("moments are read before they are there", "augmentation/augmentation.cu", "of_warps[threadIdx.x / 32] = moments;\n  __syncthreads();", "of_warps[threadIdx.x / 32] = moments;", "augmentation/augmentation", ("augmentation_test", [])),
    ("every thread adds all chunks up", "augmentation/augmentation.cu", "for (int i = threadIdx.x; i < p.chunks; i += kThreads)\n    moments.add(", "for (int i = 0; i < p.chunks; i++)\n    moments.add(", "augmentation/augmentation", ("augmentation_test", [])),
    ("every chunk has the noise of the first", "augmentation/augmentation.cu", "static_cast<uint32_t>(from) * slices + i", "i", "augmentation/augmentation", ("augmentation_test", [])),
    ("noise of neighbouring elements overlaps", "augmentation/augmentation.cu", "first_word + 2 * (", "first_word + (", "augmentation/augmentation", ("augmentation_test", [])),
    ("noise that begins at a block's last word ends within it", "augmentation/augmentation.cu", "lane == 3 ? block(word / 4 + 1).x : word_of(words, lane + 1)", "word_of(words, (lane + 1) % 4)", "augmentation/augmentation", ("augmentation_test", [])),
    ("gain about the minimum", "augmentation/augmentation.cu", "mean + gain * (value - mean)", "minimum + gain * (value - minimum)", "augmentation/augmentation", ("augmentation_test", [])),
    ("offset in intensities, not deviations", "augmentation/augmentation.cu", "offset * deviation;", "offset;", "augmentation/augmentation", ("augmentation_test", [])),
    ("slices of a volume of many are read as if they were the sample's", "augmentation/augmentation.cu", "image + walk.quotient * p.channels + walk.digits[0]", "image + i", "augmentation/augmentation", ("augmentation_test", [])),
]


def name_of(mutation):
    return f"{mutation[1]}: {mutation[0]}"


def pattern_of(original):
    """The text however it is wrapped: any white space, or none, where that does not matter to a compiler."""
    pattern = ""
    for token in re.findall(r"\w+|[^\w\s]", original):
        between_words = re.search(r"\w$", pattern) and re.match(r"\w", token)
        pattern += ("" if not pattern else r"\s+" if between_words else r"\s*") + re.escape(token)
    return re.compile(pattern)


def narrowed(mutation):
    """The test of a mutation in the kernels of one family, which compile and run in a fraction of the time; None where there is nothing to leave out."""
    _, file, _, _, source, (name, arguments) = mutation
    if name != "convolution_test" or source not in (FORWARD, DATA, WEIGHTS):
        return None
    family = {
        tuple(CONVOLUTION[1]): "simt" if "simt" in file else "bf16x3_",
        tuple(HOPPER[1]): "wgmma_bf16x3",
        tuple(NARROW[1]): "bf16x3",
        tuple(FEW[1]): "bf16x3_c8",
        tuple(STORED[1]): "bf16_",
    }.get(tuple(arguments), arguments[-1])
    return (name, [arguments[0], family])


def leave_out_other_families(text, family):
    """A source without the kernels whose name has another family's."""

    def stays(line):
        return "KERNEL(" not in line or not re.search("_(simt|bf16)", line) or ("_" + family in line and ("wgmma" in line) == ("wgmma" in family))

    return "".join(filter(stays, text.splitlines(True)))


def compile_source(compiler, root, source, target):
    subprocess.run([compiler, *FLAGS, "-x", "c++", "-I", str(root), "-c", str(source), "-o", str(target)], check=True, capture_output=True, text=True)


def build_objects(compiler, folder, pool):
    """Objects of all sources, unchanged, by stem."""
    sources = [p for p in KERNELS.glob("*/*.cu") if p.parent.name != "tests"] + list(KERNELS.glob("emulation/*.cpp")) + [p for p in KERNELS.glob("tests/*_test.cpp") if p.stem != "emulator_test"]
    objects = {str(p.relative_to(KERNELS).with_suffix("")): folder / (str(p.relative_to(KERNELS)).replace("/", "_") + ".o") for p in sources}
    list(pool.map(lambda p: compile_source(compiler, KERNELS, p, objects[str(p.relative_to(KERNELS).with_suffix(""))]), sources))
    return objects


def limit_processor_time():
    """Of a test whose threads wait for each other by turning round. Not by the clock: a busy machine is no bug."""
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))


class MissingKernel(RuntimeError):
    """A test asks for another family's kernels, too."""


def run_test(compiler, objects, replaced, test, folder):
    """Links the test with one object replaced. True when it passes."""
    name, arguments = test
    # The replaced one first: of a template that several sources instantiate, the linker keeps the first.
    parts = list(replaced.values()) + [path for stem, path in objects.items() if not stem.startswith("tests/") and stem not in replaced] + [objects[f"tests/{name}"]]
    program = folder / name
    subprocess.run([compiler, "-pthread", *map(str, parts), "-o", str(program)], check=True, capture_output=True, text=True)
    try:
        environment = os.environ | {"FIRST_FAILURE_ENDS": "1"}
        code = subprocess.run([str(program), *arguments], capture_output=True, timeout=SECONDS, env=environment, preexec_fn=limit_processor_time).returncode
    except subprocess.TimeoutExpired:
        return False
    if code == NO_KERNEL:
        raise MissingKernel(f"{name} {' '.join(arguments)} asks for a kernel that is not there")
    return code == 0


def try_mutation(compiler, objects, mutation, folder):
    _, file, original, mutated, source, test = mutation
    root = folder / "kernels"
    shutil.copytree(KERNELS, root, ignore=shutil.ignore_patterns("tests"))
    text = (root / file).read_text()
    found = pattern_of(original).search(text)
    if found is None:
        return "stale: the text is no longer there"
    (root / file).write_text(text[: found.start()] + mutated + text[found.end() :])
    whole = (root / (source + ".cu")).read_text()
    target = folder / "mutated.o"
    narrow = narrowed(mutation)
    narrowed_first = [] if narrow is None else [(narrow, leave_out_other_families(whole, narrow[1][-1]))]
    try:
        for tried, kernels in [*narrowed_first, (test, whole)]:
            (root / (source + ".cu")).write_text(kernels)
            compile_source(compiler, root, root / (source + ".cu"), target)
            try:
                if not run_test(compiler, objects, {source: target}, tried, folder):
                    return "caught"
            except MissingKernel:
                if kernels is whole:
                    raise
    except subprocess.CalledProcessError as error:
        return "does not compile: " + error.stderr.splitlines()[0]
    return "SURVIVED"


def unmutated_fails(compiler, objects, mutations, folder, pool):
    """A test that fails without any mutation; None when all pass."""
    tests = list({str(m[5]): m[5] for m in mutations}.values())

    def passes(indexed):
        own = folder / f"unmutated-{indexed[0]}"
        own.mkdir()
        return run_test(compiler, objects, {}, indexed[1], own)

    return next((test for test, passed in zip(tests, pool.map(passes, enumerate(tests))) if not passed), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--only", default="", help="mutations whose description or file has this text")
    parser.add_argument("--record", type=pathlib.Path, help="file of bugs that were caught before: they are not tried again")
    arguments = parser.parse_args()
    chosen = [m for m in MUTATIONS if arguments.only in m[0] or arguments.only in m[1]]
    before = arguments.record.read_text().splitlines() if arguments.record and arguments.record.exists() else []
    left = [m for m in chosen if name_of(m) not in before]
    with tempfile.TemporaryDirectory() as temporary, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = pathlib.Path(temporary)
        objects = build_objects(arguments.compiler, folder, pool)
        failing = unmutated_fails(arguments.compiler, objects, left, folder, pool)
        if failing:
            print(f"{failing[0]} {' '.join(failing[1])} fails without any mutation")
            return 1

        def attempt(indexed):
            index, mutation = indexed
            own = folder / str(index)
            own.mkdir()
            result = try_mutation(arguments.compiler, objects, mutation, own)
            shutil.rmtree(own)
            print(f"{result:9} {name_of(mutation)}", flush=True)
            if result == "caught" and arguments.record:
                with arguments.record.open("a") as record:
                    record.write(name_of(mutation) + "\n")
            return result

        results = list(pool.map(attempt, enumerate(left)))
    caught = len(chosen) - len(left) + results.count("caught")
    print(f"{caught} of {len(chosen)} planted bugs caught")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())

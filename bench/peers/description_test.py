#!/usr/bin/env python3
"""Holds the description of the networks against what is published. Needs no PyTorch."""
import unittest

from description import PUBLISHED_PARAMETERS, Sizes, convolutions_of, parameters_of, problems_of


class Description(unittest.TestCase):
    def test_parameters_are_the_published_ones(self):
        for network, count in PUBLISHED_PARAMETERS.items():
            self.assertEqual(parameters_of(Sizes.published(network)), count)

    def test_flops_are_those_of_the_method(self):
        # Multiply-adds of a slice, and of a patch.
        for network, expected in (("dilated2d", 41.50e9), ("unet3d", 113.7e9)):
            sizes = Sizes.published(network)
            self.assertAlmostEqual(sum(c.flops(1) for c in convolutions_of(sizes)) / 2 / expected, 1, delta=1e-3)

    def test_taps_in_the_padding_are_few(self):
        for network in PUBLISHED_PARAMETERS:
            for convolution in convolutions_of(Sizes.published(network)):
                share = convolution.flops_within_image(1) / convolution.flops(1)
                self.assertTrue(0.6 < share <= 1, (convolution, share))
                self.assertEqual(share == 1, convolution.mirrored or set(convolution.kernel) == {1}, convolution)

    def test_every_convolution_is_a_problem(self):
        self.assertEqual(sum(count for _, count, _ in problems_of(Sizes.published("dilated2d"))), 33)
        self.assertEqual(sum(count for _, count, _ in problems_of(Sizes.published("unet3d"))), 18)


if __name__ == "__main__":
    unittest.main()

import CKernels

/// A network prepared for one input size: BatchNorm folded, activations and additions fused, weights packed, memory laid
/// out, work divided. Immutable; any number of ``Executor``s run it concurrently.
///
/// `@unchecked Sendable`: the steps point into `constants`, which are not written after `init` and live as long as the plan.
package final class Plan: @unchecked Sendable {
  /// Shape `[C, H, W]` of the input images.
  package let inputShape: [Int]
  /// Bytes of packed weights.
  package var weightBytes: Int { constants.byteCount }
  /// Bytes of working memory for each image of a batch.
  package var memoryBytesPerImage: Int { memorySize * MemoryLayout<Float>.stride }
  /// The name of the plan's ``InstructionSet``.
  package let instructionSet: String
  package let precision: Precision

  let kernels: yx_kernels
  let peak: yx_peak_loops
  let steps: [Step]
  let outputs: [String: Output]
  /// In floats.
  let memorySize: Int
  let scratchSize: Int
  let constants: PackedConstants

  struct Output {
    let layout: BlockedLayout
    /// In floats, from the start of the image's memory.
    let offset: Int
  }

  init(
    inputShape: [Int], instructionSet: InstructionSet, precision: Precision, steps: [Step],
    outputs: [String: Output], memorySize: Int, scratchSize: Int, constants: PackedConstants
  ) {
    self.inputShape = inputShape
    self.instructionSet = instructionSet.name
    kernels = instructionSet.kernels
    peak = instructionSet.peak
    self.precision = precision
    self.steps = steps
    self.outputs = outputs
    self.memorySize = memorySize
    self.scratchSize = scratchSize
    self.constants = constants
  }
}

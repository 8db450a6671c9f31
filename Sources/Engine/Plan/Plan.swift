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
  /// Where a copy of the image with a border of zeros would lie, in floats; steps write the pixels but not the border.
  let imageMemory: Range<Int>
  let constants: PackedConstants
  /// Plans the same network for another height and width.
  let resize: (Int, Int) throws(PlanError) -> Plan

  struct Output {
    let layout: BlockedLayout
    /// In floats, from the start of the image's memory.
    let offset: Int
  }

  /// The same network for another size of its input. Shares the packed weights, which takes about a millisecond, and chooses
  /// the same kernels.
  ///
  /// - Throws: ``PlanError/inputSize(height:width:reason:)``.
  package func resized(height: Int, width: Int) throws(PlanError) -> Plan { try resize(height, width) }

  init(
    inputShape: [Int], instructionSet: InstructionSet, precision: Precision, steps: [Step],
    outputs: [String: Output], memorySize: Int, imageMemory: Range<Int>, scratchSize: Int,
    constants: PackedConstants, resize: @escaping (Int, Int) throws(PlanError) -> Plan
  ) {
    self.inputShape = inputShape
    self.instructionSet = instructionSet.name
    kernels = instructionSet.kernels
    peak = instructionSet.peak
    self.precision = precision
    self.resize = resize
    self.steps = steps
    self.outputs = outputs
    self.memorySize = memorySize
    self.imageMemory = imageMemory
    self.scratchSize = scratchSize
    self.constants = constants
  }
}

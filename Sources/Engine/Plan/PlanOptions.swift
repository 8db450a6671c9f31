/// Number format of the factors of dense convolutions. With float32 and bfloat16, sums, depthwise convolutions and maps are
/// float32.
package enum Precision: String, Sendable, CaseIterable {
  case float32 = "fp32"
  /// 8 significant bits. Fast where the processor has instructions for it (``isFast``), correct everywhere.
  case bfloat16 = "bf16"
  /// Maps and weights are bytes, sums are integers. Requires calibrated ranges (``PlanOptions/ranges``).
  case int8
}

/// Options for planning a network.
package struct PlanOptions: Sendable {
  /// Name of one of ``InstructionSet/available``; `nil` for `YOLOX_ISA` or the fastest.
  package var instructionSet: String?
  package var precision: Precision
  /// Calibrated ranges, required by ``Precision/int8`` only.
  package var ranges: ActivationRanges

  package init(
    instructionSet: String? = nil, precision: Precision = .float32, ranges: ActivationRanges = [:]
  ) {
    self.instructionSet = instructionSet
    self.precision = precision
    self.ranges = ranges
  }
}

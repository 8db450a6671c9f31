/// The numbers that dense convolutions multiply. Sums, depthwise convolutions and everything between layers are float32.
package enum Precision: String, Sendable, CaseIterable {
  case float32 = "fp32"
  /// 8 significant bits. Fast where the processor has instructions for it (``isFast``), correct everywhere.
  case bfloat16 = "bf16"
  /// Maps and weights are bytes, sums are integers. Needs the ranges that a calibration has seen
  /// (``PlanOptions/ranges``).
  case int8
}

/// What may be chosen when a network is planned.
package struct PlanOptions: Sendable {
  /// By name, one of ``InstructionSet/available``; `nil` for ``InstructionSet/selected(_:)``.
  package var instructionSet: String?
  package var precision: Precision
  /// What a calibration has seen, by path. Only ``Precision/int8`` needs it.
  package var ranges: ActivationRanges

  package init(
    instructionSet: String? = nil, precision: Precision = .float32, ranges: ActivationRanges = [:]
  ) {
    self.instructionSet = instructionSet
    self.precision = precision
    self.ranges = ranges
  }
}

/// docs/configuration.md, made from the options. `make docs` writes it, and a test compares.
package struct ConfigurationReference {
  private let options: [OptionDescription]

  package init(_ options: [OptionDescription]) { self.options = options }

  package var text: String {
    var text = """
      # Configuration of `yolox serve`

      Set an option on the command line (`--max-batch-size 4`), in the environment (`YOLOX_MAX_BATCH_SIZE=4`; separate the
      values of a repeatable option by commas) or in a JSON file named by `--config` (`{"max-batch-size": 4}`; repeatable
      options are arrays). The command line overrides the environment, which overrides the file. `yolox serve
      --print-config` prints the effective options as such a file. An invalid value stops the start with one line that names
      the option and its source.

      For a Service called `yolox`, Kubernetes sets `YOLOX_PORT=tcp://…` in every container of the namespace; this value is
      ignored.

      `make docs` generates this file from the options.

      """
    let sections = options.reduce(into: [String]()) { known, option in
      if !known.contains(option.section) { known.append(option.section) }
    }
    for section in sections {
      text += "\n## \(section)\n\n| option | default | |\n| --- | --- | --- |\n"
      for option in options where option.section == section {
        text += "| `--\(option.name)` | \(defaultText(option)) | \(helpText(option)) |\n"
      }
    }
    return text + """

      ## Variables without an option

      | variable | |
      | --- | --- |
      | `YOLOX_WEIGHTS_DIR` | The first folder in which weights are found by name, by every command. The others: `./weights`, \
      `$XDG_DATA_HOME/yolox` (`~/.local/share/yolox`), `/var/lib/yolox`, `PREFIX/share/yolox` of `PREFIX/bin/yolox`, \
      `/usr/share/yolox`. |
      | `YOLOX_ISA` | The instruction set of the kernels, such as `avx2` or `portable`, for comparisons. An \
      unknown one is an error that lists those of the processor. Default: the fastest. |
      | `NO_COLOR` | Any value but an empty one turns the colours of `yolox detect` on a terminal off. |

      Other variables that begin with `YOLOX_` are reported at the start and have no effect.

      """
  }

  private func helpText(_ option: OptionDescription) -> String {
    [option.help, values(option), option.discussion].compactMap(\.self).joined(separator: " ")
      .replacing("|", with: "\\|")
  }

  private func values(_ option: OptionDescription) -> String? {
    option.values.isEmpty ? nil : "Values: \(option.values.map { "`\($0)`" }.joined(separator: ", "))."
  }

  private func defaultText(_ option: OptionDescription) -> String {
    if option.isFlag { return "off" }
    return option.defaultValue.map { "`\($0)`" } ?? ""
  }
}

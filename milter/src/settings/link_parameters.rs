//! Campaign parameters as the settings file has them.

use linkseal::LinkParameters;
use linkseal::error::ParameterError;

use super::file::ParametersTable;

/// Makes the library's settings of a table.
pub(super) fn link_parameters(table: &ParametersTable) -> Result<LinkParameters, ParameterError> {
    let mut parameters = LinkParameters::new(&table.hosts)?;
    for name in &table.signing_names {
        parameters = parameters.with_signing_name(name)?;
    }
    for parameter in &table.parameters {
        parameters = parameters.with_parameter(&parameter.name, &parameter.value)?;
    }
    if let Some(name) = &table.name_parameter {
        parameters = parameters.with_name_parameter(name)?;
    }
    Ok(parameters.with_untracked_links(table.untracked_links))
}

// Who the app is. Event Grid, which writes dead letters, is the system topic's own identity: neither has what
// only the other needs.
param location string
param tags object
param appName string

resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: appName
  location: location
  tags: tags
}

output appId string = app.id
output appClientId string = app.properties.clientId
output appPrincipalId string = app.properties.principalId

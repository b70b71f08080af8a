// Who the app is, and who Event Grid is when it writes dead letters. Two, so that neither has what only
// the other needs.
param location string
param tags object
param appName string
param deadLettersName string

resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: appName
  location: location
  tags: tags
}

resource deadLetters 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: deadLettersName
  location: location
  tags: tags
}

output appId string = app.id
output appClientId string = app.properties.clientId
output appPrincipalId string = app.properties.principalId
output deadLettersId string = deadLetters.id
output deadLettersPrincipalId string = deadLetters.properties.principalId

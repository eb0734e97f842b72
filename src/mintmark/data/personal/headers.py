"""What a column's name says of persons, in English, German, French, Spanish, Italian, Dutch,
Portuguese, Polish and Swedish.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["hints", "language", "words"]

_BY_KIND: dict[str, str] = {
    "email": "email mail e-mail emailaddress mailaddress correo courriel mejl epost emailadres emailadresse",
    "phone": "phone telephone tel telefon telefono telefone telefoon mobile mobil mobiltelefon movil "
    "cell cellphone handy handynummer portable fax rufnummer telefonnummer telefonnr telnr "
    "mobilnummer phonenumber phoneno celular cellulare gsm telefonszam telephon fono komorka "
    "mobiel tfno tlf msisdn landline",
    "first_name": "firstname forename givenname fname vorname rufname prenom nombrepila prenome voornaam "
    "imie fornamn primeironome namefirst namegiven given forenames nomepropio tilltalsnamn",
    "last_name": "lastname surname familyname lname nachname familienname zuname nomfamille apellido "
    "apellidos cognome achternaam nazwisko efternamn sobrenome apelido namelast familienaam",
    "name": "fullname customername clientname patientname personname contactname employeename "
    "cardholder accountholder kundenname ansprechpartner vollername vollstandigername "
    "nomcomplet nomprenom nomclient nombrecompleto nombreapellidos nombrecliente nomecompleto "
    "nominativo membername guestname",
    "maybe_name": "name holder naam namn contact nom nombre nome",
    "address": "address fulladdress addr adresse anschrift direccion indirizzo adres adress endereco "
    "domicilio domicile postaladdress homeaddress wohnadresse adressecomplete "
    "direccioncompleta morada",
    "street": "street streetaddress address1 addressline addressline1 strasse strassehausnummer "
    "strassenname rue calle straat ulica gata gatuadress numerorue voie via rua",
    "city": "city town ort stadt wohnort ville commune ciudad localidad poblacion municipio citta "
    "comune plaats woonplaats miasto stad cidade",
    "postcode": "postcode postalcode zip zipcode plz postleitzahl codepostal cp codigopostal cap "
    "postnummer kodpocztowy cep postcodes postal",
    "national_id": "ssn socialsecurity socialsecuritynumber nino ni nationalinsurance nationalid idnumber "
    "steuerid steueridnr steuernummer sozialversicherungsnummer svnr rvnr nir insee "
    "numerosecu securitesociale nss numsecu dni nie nif codicefiscale cf bsn "
    "burgerservicenummer pesel personnummer cpf sin tfn ppsn ahv avs tin taxid "
    "nationalinsurancenumber identifiantfiscal documento cedula",
    "card": "card cardnumber creditcard creditcardnumber ccnumber cc ccnum kreditkarte "
    "kreditkartennummer kartennummer cartebancaire numerocarte tarjeta numerotarjeta "
    "cartadicredito creditcardnr pan kaartnummer kartanumer kortnummer cartao debitcard "
    "paymentcard cardno cartebleue tarjetacredito",
    "iban": "iban bankaccount kontonummer bankverbindung compte comptebancaire rib cuenta "
    "cuentabancaria conto rekening rekeningnummer konto accountnumber bankkonto",
}
_LANGUAGE: dict[str, str] = {
    "de": "vorname nachname familienname strasse anschrift plz postleitzahl ort wohnort stadt "
    "telefonnummer rufnummer handy handynummer kunde kundenname kreditkarte "
    "kreditkartennummer kartennummer steuerid sozialversicherungsnummer kontonummer "
    "bankverbindung hausnummer ansprechpartner geburtsdatum",
    "fr": "prenom nom rue ville codepostal telephone portable courriel adresse cartebancaire "
    "numerocarte nir securitesociale naissance nomcomplet nomfamille domicile compte "
    "numerosecu",
    "es": "nombre apellido apellidos calle ciudad codigopostal telefono movil correo direccion dni "
    "nie nif tarjeta cuenta domicilio poblacion localidad nombrecompleto",
    "it": "cognome indirizzo citta cellulare codicefiscale comune conto nominativo via cap",
    "nl": "voornaam achternaam straat woonplaats plaats telefoon bsn rekeningnummer naam mobiel",
    "pt": "sobrenome apelido endereco cidade telemovel celular morada cpf cartao rua",
    "pl": "imie nazwisko ulica miasto pesel komorka",
    "sv": "fornamn efternamn gata gatuadress personnummer postnummer mejl",
}
_KINDS = {kind: frozenset(text.split()) for kind, text in _BY_KIND.items()}
_LANGUAGES = {tongue: frozenset(text.split()) for tongue, text in _LANGUAGE.items()}
_PLAIN = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "æ": "ae"})


def words(name: str) -> list[str]:
    """The words of a column's name, lower case, without accents."""
    spread = re.sub(r"([a-z0-9à-ÿ])([A-Z])", r"\1 \2", name)
    plain = unicodedata.normalize("NFKD", spread.lower().translate(_PLAIN))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.findall(r"[a-z0-9]+", plain)


def hints(name: str) -> set[str]:
    """Kinds that the name speaks of; "maybe_name" where it may be a person's or any other name."""
    parts = [word for word in words(name) if word not in {"de", "du", "des", "la", "le", "y", "et", "the"}]
    runs = {"".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, min(i + 4, len(parts)) + 1)}
    runs |= {run.rstrip("0123456789") for run in runs}
    found = {kind for kind, known in _KINDS.items() if known & runs}
    if {"prenom", "nom"} <= runs or {"nombre", "apellidos"} <= runs or {"vorname", "nachname"} <= runs:
        return {"name"}
    if found & {"first_name", "last_name", "name", "email", "phone", "card", "iban", "national_id"}:
        found -= {"maybe_name", "address"}
    if runs & {"ip", "web", "url", "mac"}:
        found -= {"address"}
    return found


def language(name: str) -> str | None:
    """The language that only this name can be of, None where several or none can."""
    parts = words(name)
    runs = {"".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)}
    found = [tongue for tongue, known in _LANGUAGES.items() if known & runs]
    return found[0] if len(found) == 1 else None
